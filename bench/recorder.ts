/**
 * What the flight recorder costs: time for each piece that the UART gives (a frame of 17 bytes), and for each request
 * of a client with its reply.
 */
import { systemClock } from '../src/base/clock.js';
import { Recorder } from '../src/recorder/recorder.js';
import { encodeFrame } from '../src/uart/frame.js';

const LIMIT = 16_777_216;
const PIECES = 2_000_000;
const REQUESTS = 300_000;
const FRAME = encodeFrame(Buffer.from('00054402000701393000c7cfff', 'hex'));
const REQUEST = '{"jsonrpc":"2.0","id":1,"method":"latest","params":{"type":"GPS","node":5}}';
const REPLY = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { values: [{ bytes: '0'.repeat(200) }] } });

export async function run(): Promise<object[]> {
  const uart = new Recorder({ clock: systemClock, limit: LIMIT });
  const clients = new Recorder({ clock: systemClock, limit: LIMIT });
  const client = clients.client('client 1');
  return [
    {
      what: `a piece of ${FRAME.length} bytes from the UART`,
      ...measure(PIECES, () => uart.fromRoot(FRAME)),
      'bytes a record': bytesOfRecord(),
    },
    {
      what: `a request of ${REQUEST.length} bytes and a reply of ${REPLY.length}`,
      ...measure(REQUESTS, () => {
        client.asked(REQUEST);
        client.answered(REPLY);
      }),
    },
  ];
}

function measure(amount: number, record: () => void) {
  for (let round = 0; round < amount / 10; round++) record();
  const begun = performance.now();
  for (let round = 0; round < amount; round++) record();
  return { ns: Math.round(((performance.now() - begun) * 1e6) / amount) };
}

/** At the times of a mesh of 50 nodes at 1 Hz. */
function bytesOfRecord(): number {
  let now = 0;
  const clock = { ...systemClock, now: () => now, monotonic: () => now };
  const recorder = new Recorder({ clock, limit: LIMIT });
  for (let round = 0; round < 10_000; round++, now += 20) recorder.fromRoot(FRAME);
  return Math.round(recorder.read({}, Number.POSITIVE_INFINITY).blocks.length / 1000) / 10;
}
