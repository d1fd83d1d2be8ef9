/** The high-voltage supply's manifest: docs/dataforge.md describes it. */
import {
  badDataforge,
  type DataforgeSection,
  dataforgeSection,
  supplyOf,
} from '../../config/sections/dataforge.js';
import { type DeviceOptions, defineDevice } from '../device.js';

export const dataforge = defineDevice({
  name: 'dataforge',
  settings: dataforgeSection,
  metrics: [
    { place: 'readings', name: 'hv_readings_total', help: 'Readings of the high-voltage supply' },
    {
      place: 'readingsFailed',
      name: 'hv_readings_failed_total',
      help: 'Readings of the high-voltage supply that failed',
    },
    {
      place: 'tsv.*',
      name: 'hv_daily_lines_total',
      help: 'Lines of the daily files of readings',
      label: 'outcome',
    },
    { place: 'commands', name: 'hv_commands_total', help: 'Commands that the high-voltage supply has taken' },
    { place: 'busy', name: 'hv_busy_total', help: 'Commands refused because another one ran' },
    { place: 'overVoltage', name: 'hv_over_voltage_total', help: 'Commands refused because of max_voltage' },
  ],
  async create(section: DataforgeSection, options: DeviceOptions) {
    const supply = supplyOf(section);
    if (!supply) return undefined;
    if (supply.kind !== 'virtual' && section.max_voltage === undefined) {
      throw badDataforge(
        'max_voltage',
        `is required with device = "${section.device}", because that drives real high voltage; set the greatest voltage that is safe, in V`,
      );
    }
    const { createHvDevice } = await import('./create.js');
    return [createHvDevice(supply, section, options)];
  },
});
