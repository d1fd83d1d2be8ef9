/** The manifest of the ventilator's data server: docs/hev.md describes it. Not for patient use. */
import { hevPlaces, hevSection } from '../../config/sections/hev.js';
import type { CounterMetric } from '../../hub/manifest.js';
import { defineConnector } from '../connector.js';

const METRICS: readonly CounterMetric[] = [
  ['packets', 'hev_packets_total', 'Packets for HEV clients'],
  ['packetsDropped', 'hev_packets_dropped_total', 'Packets that slow HEV clients missed'],
  ['requests', 'hev_requests_total', 'Requests of HEV clients'],
  ['nacks', 'hev_nacks_total', 'Requests of HEV clients that were refused'],
  ['requestsTooLong', 'hev_requests_too_long_total', 'Requests of HEV clients without an end in 64 KiB'],
  ['requestsUnfinished', 'hev_requests_unfinished_total', 'Requests of HEV clients without an end in 5 s'],
  ['listenFailures', 'hev_listen_failures_total', 'Attempts to listen on a port of HEV that failed'],
  ['listening', 'hev_listening', 'Ports of HEV that are open'],
  ['alarms', 'hev_alarms', 'Alarms in the list of HEV packets'],
].map(([place = '', name = '', help = '']) => ({ place: `*.${place}`, name, help, label: 'server' }));

export const hev = defineConnector({
  name: 'hev',
  settings: hevSection,
  metrics: METRICS,
  alarms: {
    HEV_PORT_TAKEN: {
      priority: 'high',
      of: 'gateway',
      lasting: false,
      text: 'a port of the HEV server is used by another program',
    },
  },
  async create(tables, options) {
    const served = hevPlaces(tables).filter(({ table }) => table.mode !== undefined);
    if (served.length === 0) return undefined;
    const { createHevConnector } = await import('./hev-connector.js');
    return createHevConnector(served, options);
  },
});
