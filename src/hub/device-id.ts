import { isUnicast } from '../protocol/address.js';
import { ALL_NODES, nameKey, numberIn } from '../protocol/names.js';
import type { NodeNames } from '../protocol/node-names.js';

/** One level of an MQTT topic, one word of a command line: `hev`, `hv:1`, `gnss:DF03A241BC`. */
const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/;

/** True for what can be the id of a device or the name of a source: 1 to 64 letters, digits and `:._-`. */
export function isOneWord(text: string): boolean {
  return DEVICE_ID.test(text);
}

/** Why a device can't have this id, by itself: nobody could reach the device by it. Undefined where it can. */
export function findDeviceIdFault(id: string, names: NodeNames): string | undefined {
  if (!isOneWord(id)) return 'must be 1 to 64 letters, digits and :._- and begin with a letter or digit';
  const key = nameKey(id);
  if (key === ALL_NODES) return `"${ALL_NODES}" stands for every node in commands; choose another id`;
  if (numberIn(key) !== undefined) return 'reads as the address of a node; choose another id';
  const node = names.addressOf(id);
  return node !== undefined && isUnicast(node) ? 'is the name of a node; choose another id' : undefined;
}
