/** Records of the history store, as read from a damaged file. */
import fc from 'fast-check';
import { EventWriter, eventOf, readRecords } from '../../src/history/event-record.js';
import type { HubEventContent } from '../../src/hub/hub.js';
import { decodeMessage } from '../../src/protocol/message.js';
import { shippedTables } from '../../test/support/tables.js';
import { must, type Target } from '../target.js';

const bytes = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array));
const gps = shippedTables.dataTypes.all()[0];

const content: fc.Arbitrary<HubEventContent> = fc.oneof(
  bytes.map(
    (body): HubEventContent => ({
      kind: 'message',
      message: decodeMessage(body, shippedTables),
      toListeners: true,
    }),
  ),
  fc.string().map((line): HubEventContent => ({ kind: 'console', line })),
  bytes.map((body): HubEventContent => ({ kind: 'traffic', client: 'c', what: 'sent', body })),
  fc.nat(0x7fff).map((node): HubEventContent => ({ kind: 'node', node, change: 'added' })),
  fc.tuple(fc.nat(0x7fff), bytes).map(([node, given]): HubEventContent => {
    must(gps !== undefined, 'there are no types');
    return { kind: 'value', node, type: gps, value: { receivedAt: 1, bytes: given } };
  }),
);

export const historyTarget: Target = {
  name: 'history',
  words: [
    '{"kind":"alarm"}',
    '"kind"',
    '{"hex":"00"}',
    Buffer.of(25, 0, 0, 0, 3),
    Buffer.of(0xff, 0xff, 0xff, 0xff),
  ],
  inputs: fc.array(content, { maxLength: 6 }).map((contents) => {
    const writer = new EventWriter(1024);
    contents.forEach((each, index) => {
      writer.write({ seq: index, at: index, ...each });
    });
    return Buffer.from(writer.take());
  }),
  run(input) {
    const outcomes = new Set<string>();
    let records = 0;
    for (const record of readRecords(input)) {
      outcomes.add(eventOf(record, shippedTables)?.kind ?? `no ${record.kind}`);
      records++;
    }
    must(records <= input.length / 21, 'more records than fit');
    return [...outcomes].sort().join();
  },
};
