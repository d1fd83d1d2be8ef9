/** The ventilator's serial line: frames, and the payloads in them. */
import fc from 'fast-check';
import { encodeHevFrame, type HevFrame, HevFrameDecoder } from '../../src/codecs/hev/frame.js';
import { PAYLOAD_TYPE } from '../../src/codecs/hev/names.js';
import { decodePayload, encodePayload, PAYLOAD_NAMES } from '../../src/codecs/hev/payload.js';
import { must, type Target } from '../target.js';

const frames = PAYLOAD_NAMES.map((type) =>
  encodeHevFrame({ kind: 'information', address: 'data', number: 1, info: encodePayload(type, {}, 77) }),
);

export const hevTarget: Target = {
  name: 'hev',
  words: [
    '~',
    '}^',
    '}]',
    '\xb6',
    ...Object.values(PAYLOAD_TYPE).map((number) => String.fromCharCode(number)),
  ],
  inputs: fc.constantFrom(...frames, encodeHevFrame({ kind: 'ack', address: 'alarm', number: 127 })),
  run(input) {
    const seen: HevFrame[] = [];
    let outcome = 'nothing';
    const handlers = {
      onFrame: (frame: HevFrame) => seen.push(frame),
      onDrop: (reason: string) => {
        outcome = reason;
      },
    };
    new HevFrameDecoder(handlers).push(input);
    for (const frame of seen) outcome = check(frame);
    return outcome;
  },
};

function check(frame: HevFrame): string {
  const again: HevFrame[] = [];
  new HevFrameDecoder({ onFrame: (found) => again.push(found), onDrop: () => {} }).push(
    encodeHevFrame(frame),
  );
  must(
    JSON.stringify(again) === JSON.stringify([frame]),
    'a frame that is read differently when written again',
  );
  if (frame.kind !== 'information') return frame.kind;
  const payload = decodePayload(frame.info);
  if (typeof payload === 'string') return payload;
  must(
    encodePayload(payload.type, payload.values, payload.timestamp).length === frame.info.length,
    'another length',
  );
  return payload.type;
}
