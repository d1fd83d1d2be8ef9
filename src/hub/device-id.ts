import { isUnicast } from '../protocol/address.js';
import { ALL_NODES, nameKey, numberIn } from '../protocol/names.js';
import type { NodeNames } from '../protocol/node-names.js';

/** One level of an MQTT topic, one word of a command line: `hev`, `hv:1`, `gnss:DF03A241BC`. */
const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/;

/** True for a valid device id or source name: 1 to 64 letters, digits and `:._-`. */
export function isOneWord(text: string): boolean {
  return DEVICE_ID.test(text);
}

/** Why this id is not valid for a device, regardless of other devices; undefined if it is valid. */
export function findDeviceIdFault(id: string, names: NodeNames): string | undefined {
  if (!isOneWord(id)) return 'must be 1 to 64 letters, digits or :._- and start with a letter or digit';
  const key = nameKey(id);
  if (key === ALL_NODES) return `"${ALL_NODES}" means every node in commands; choose another id`;
  if (numberIn(key) !== undefined) return 'looks like a node address; choose another id';
  const node = names.addressOf(id);
  return node !== undefined && isUnicast(node) ? 'is the name of a node; choose another id' : undefined;
}
