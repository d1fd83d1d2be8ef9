/** The manifest of the server for programs of the high-voltage supply: docs/dataforge.md describes it. */
import { type DataforgeSection, dataforgeSection } from '../../config/sections/dataforge.js';
import { type ConnectorOptions, defineConnector } from '../connector.js';
import { serverSettings } from './settings.js';

export const dataforge = defineConnector({
  name: 'dataforge',
  settings: dataforgeSection,
  metrics: [
    { place: 'manager.received', name: 'dataforge_messages_total', help: 'Messages of DataForge clients' },
    { place: 'manager.said', name: 'dataforge_said_total', help: 'Messages for all DataForge clients' },
    {
      place: 'manager.refused.*',
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
