/** The manifest of the server for programs of the high-voltage supply: docs/dataforge.md describes it. */
import { type DataforgeSection, dataforgeSection } from '../../config/sections/dataforge.js';
import { type ConnectorOptions, defineConnector } from '../connector.js';
import { serverSettings } from './settings.js';

export const dataforge = defineConnector({
  name: 'dataforge',
  settings: dataforgeSection,
  metrics: [
    { place: 'received', name: 'dataforge_messages_total', help: 'Messages of DataForge clients' },
    { place: 'said', name: 'dataforge_said_total', help: 'Messages for all DataForge clients' },
    {
      place: 'queueFull',
      name: 'dataforge_queue_full_total',
      help: 'Messages of DataForge clients for which the input queue had no room',
    },
    { place: 'waiting', name: 'dataforge_waiting', help: 'Messages of DataForge clients in the input queue' },
    {
      place: 'accepted.*',
      name: 'dataforge_accepted_total',
      help: 'Connections of DataForge clients',
      label: 'port',
    },
    { place: 'connected.*', name: 'dataforge_clients', help: 'DataForge clients now', label: 'port' },
    {
      place: 'ended.*',
      name: 'dataforge_ended_total',
      help: 'Connections of DataForge clients on TCP that ended',
      label: 'reason',
    },
    {
      place: 'webRefused',
      name: 'dataforge_web_refused_total',
      help: 'Connections and websockets that the page of the supply refused',
    },
    {
      place: 'webEnded.*',
      name: 'dataforge_web_ended_total',
      help: 'Websockets of the page of the supply that ended',
      label: 'reason',
    },
    {
      place: 'refused.*',
      name: 'dataforge_refused_total',
      help: 'Messages of DataForge clients that were answered with an error',
      label: 'reason',
    },
    {
      place: 'input.*',
      name: 'dataforge_input_total',
      help: 'Input of DataForge clients by kind: messages, faults, skipped bytes; and readings that slow clients missed',
      label: 'kind',
    },
  ],
  async create(section: DataforgeSection, options: ConnectorOptions) {
    const settings = serverSettings(section);
    if (!settings) return undefined;
    const { loadSiteSchema } = await import('./command-check.js');
    const siteCheck = section.schema === undefined ? undefined : await loadSiteSchema(section.schema);
    const { createDataforgeConnector } = await import('./dataforge-connector.js');
    return createDataforgeConnector(settings, siteCheck, options);
  },
});
