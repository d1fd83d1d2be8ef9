import type { HubEvent } from '../../src/hub/hub.js';
import { decodeMessage } from '../../src/protocol/message.js';
import { bytesOf } from './hex.js';
import { shippedTables } from './tables.js';

/** A value of the type Sequence (id 0, one byte), received at `at`. */
export function sequenceEvent(seq: number, node: number, sequence: number, at: number): HubEvent {
  const type = shippedTables.dataTypes.findByName('Sequence');
  if (!type) throw new Error('data-types.json has lost Sequence');
  return { seq, at, kind: 'value', node, type, value: { receivedAt: at, bytes: Buffer.of(sequence) } };
}

/** A GPS value (id 1, six bytes): longitude and latitude in thousandths of a degree. */
export function gpsEvent(
  seq: number,
  node: number,
  longitude: number,
  latitude: number,
  at: number,
): HubEvent {
  const type = shippedTables.dataTypes.findByName('GPS');
  if (!type) throw new Error('data-types.json has lost GPS');
  const bytes = Buffer.alloc(6);
  bytes.writeIntLE(longitude, 0, 3);
  bytes.writeIntLE(latitude, 3, 3);
  return { seq, at, kind: 'value', node, type, value: { receivedAt: at, bytes } };
}

/** A message with this body, in hex. */
export function messageEvent(seq: number, body: string, at: number): HubEvent {
  return {
    seq,
    at,
    kind: 'message',
    message: decodeMessage(bytesOf(body), shippedTables),
    toListeners: true,
  };
}

export function nodeEvent(
  seq: number,
  node: number,
  change: 'added' | 'identified' | 'forgotten',
  at: number,
): HubEvent {
  return { seq, at, kind: 'node', node, change };
}
