/** The manifest of the ventilator test bench's microcontroller: docs/hev.md describes it. Not for patient use. */
import { hevPlaces, hevSection } from '../../config/sections/hev.js';
import type { CounterMetric } from '../../hub/manifest.js';
import { type Device, defineDevice } from '../device.js';

const METRICS: readonly CounterMetric[] = [
  ['received', 'hev_payloads_total', 'Payloads received from the ventilator'],
  ['mismatched', 'hev_wrong_numbers_total', 'Frames from the ventilator with a wrong sequence number'],
  ['resynchronized', 'hev_resynchronized_total', 'Times the numbering of the ventilator was taken over'],
  ['acknowledged', 'hev_sent_total', 'Payloads to the ventilator that it acknowledged'],
  ['resent', 'hev_resent_total', 'Frames sent to the ventilator again'],
  ['unanswered', 'hev_unanswered_total', 'Payloads to the ventilator without an acknowledgement'],
  ['displaced', 'hev_displaced_total', 'Payloads to the ventilator dropped because the queue was full'],
  ['badCheck', 'hev_wrong_checks_total', 'Frames from the ventilator with a wrong checksum'],
  ['silences', 'hev_silences_total', 'Times the ventilator was silent for too long'],
  ['recorded', 'hev_recorded_total', 'Payloads written to the dump file'],
  ['linkLosses', 'hev_link_failures_total', 'Times the link was lost or could not be opened'],
].map(([place = '', name = '', help = '']) => ({ place: `*.${place}`, name, help, label: 'device' }));

export const hev = defineDevice({
  name: 'hev',
  settings: hevSection,
  metrics: METRICS,
  serialPorts: (tables) =>
    hevPlaces(tables).flatMap(({ id, device }) =>
      device?.kind === 'port' ? [{ user: id, port: device.port }] : [],
    ),
  async create(tables, options) {
    const devices: Device[] = [];
    for (const place of hevPlaces(tables)) {
      if (!place.device) continue;
      const { createHevDevice } = await import('./create.js');
      devices.push(await createHevDevice(place, place.device, options));
    }
    return devices.length > 0 ? devices : undefined;
  },
});
