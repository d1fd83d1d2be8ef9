import test from 'ava';
import fc from 'fast-check';
import { WireDecoder, type WireItem } from '../../src/recorder/wire-decoder.js';
import { Receiver } from '../../src/uart/receiver.js';
import { ManualClock } from '../support/manual-clock.js';

const SETTINGS = { maxBodyLength: 64, openFrameTimeoutMs: 500 };

/** Bytes that often have a meaning on the line, and silences between them. */
const chunk = fc.array(fc.oneof(fc.constantFrom(0xff, 0xfe, 0xfa, 0xfb, 0x00, 0x0a, 0x41), fc.nat(255)), {
  minLength: 1,
  maxLength: 30,
});
const steps = fc.array(fc.record({ chunk, silenceMs: fc.constantFrom(0, 1, 100, 499, 500, 501, 3000) }), {
  maxLength: 30,
});

test('a recorded line gives the bodies, console lines and drops that the receiver found in it', (t) => {
  fc.assert(
    fc.property(steps, (given) => {
      const clock = new ManualClock();
      const received: string[] = [];
      const receiver = new Receiver(
        {
          onFrame: (body) => received.push(`frame ${body.toString('hex')}`),
          onConsoleLine: (line) => received.push(`console ${line}`),
        },
        clock,
        SETTINGS,
      );
      const decoder = new WireDecoder(SETTINGS);
      const decoded: WireItem[] = [];
      for (const { chunk, silenceMs } of given) {
        receiver.push(Buffer.from(chunk));
        decoded.push(...decoder.push(Buffer.from(chunk), clock.monotonic() * 1000));
        clock.advance(silenceMs);
      }
      receiver.abandon();
      decoded.push(...decoder.end());
      t.deepEqual(textsOf(decoded), received);
      const drops = decoded.filter(({ kind }) => kind === 'dropped').length;
      t.is(
        drops,
        Object.values(receiver.drops.snapshot()).reduce((sum, count) => sum + count, 0),
      );
    }),
    { numRuns: 300 },
  );
});

function textsOf(items: readonly WireItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'frame') return [`frame ${item.body.toString('hex')}`];
    return item.kind === 'console' ? [`console ${item.line}`] : [];
  });
}
