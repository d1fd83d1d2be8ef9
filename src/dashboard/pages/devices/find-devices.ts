import type { DeviceRecord } from '../../store/device-record.js';

/** Devices that have every word of the search in their id, source, status or values. */
export function findDevices(devices: readonly DeviceRecord[], search: string): readonly DeviceRecord[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return devices.filter(({ info: { id, source, status, values } }) => {
    const types = values.flatMap(({ type, fields }) => [type, ...Object.keys(fields)]);
    const text = [id, source, status, ...types].join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
