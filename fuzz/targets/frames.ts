/** Bytes of the serial line: any split gives the same bodies and lines, and the parser holds at most one body. */
import fc from 'fast-check';
import { encodeFrame } from '../../src/uart/frame.js';
import { FrameParser } from '../../src/uart/frame-parser.js';
import { Receiver } from '../../src/uart/receiver.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { must, type Target } from '../target.js';
import { pieces } from './cuts.js';

const MAX_BODY = 64;
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));

export const framesTarget: Target = {
  name: 'frames',
  words: [
    Buffer.of(0xff),
    Buffer.of(0xfe),
    Buffer.of(0xfa, 0x05),
    Buffer.of(0xfb),
    'I (27) boot\r\n',
    '\x1b[0;32m',
  ],
  inputs: fc
    .array(
      fc.oneof(
        bytes(80).map((body) => encodeFrame(body)),
        bytes(20),
      ),
      { maxLength: 10 },
    )
    .map((parts) => Buffer.concat(parts)),
  run(input) {
    const whole = receive([input]);
    const split = receive(pieces(input));
    must(whole.received === split.received, `the split matters: ${whole.received} or ${split.received}`);
    must(heldBy(input) <= MAX_BODY, 'more than a body is held');
    return whole.outcome;
  },
};

function receive(chunks: Iterable<Buffer>) {
  const received: string[] = [];
  const clock = new ManualClock();
  const receiver = new Receiver(
    {
      onFrame: (body) => {
        must(body.length > 0 && body.length <= MAX_BODY, `a body of ${body.length} bytes`);
        received.push(body.toString('hex'));
      },
      onConsoleLine: (line) => received.push(line),
    },
    clock,
    { maxBodyLength: MAX_BODY, openFrameTimeoutMs: 500 },
  );
  for (const chunk of chunks) receiver.push(chunk);
  clock.advance(1000);
  const counted = { ...receiver.drops.snapshot(), ...receiver.received.snapshot() };
  const outcome = Object.entries(counted).flatMap(([name, count]) => (count > 0 ? [name] : []));
  return { received: JSON.stringify([received, counted]), outcome: outcome.join() };
}

function heldBy(input: Buffer): number {
  const nothing = () => {};
  const handlers = { onFrame: nothing, onOutside: nothing, onDrop: nothing, onNoise: nothing };
  const parser = new FrameParser(handlers, MAX_BODY);
  let peak = 0;
  for (const chunk of pieces(input)) {
    parser.write(chunk);
    peak = Math.max(peak, parser.heldBytes);
  }
  return peak;
}
