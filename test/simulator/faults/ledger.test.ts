import test from 'ava';
import fc from 'fast-check';
import { type GivenFaults, readFaults } from '../../../src/simulator/faults/fault-plan.js';
import { FaultyMesh } from '../../../src/simulator/faults/faulty-mesh.js';
import { Ledger } from '../../../src/simulator/faults/ledger.js';
import { PRESETS, type Preset } from '../../../src/simulator/faults/presets.js';
import { openLinkTo } from '../../../src/simulator/simulated-link.js';
import { encodeFrame } from '../../../src/uart/frame.js';
import { UartManager } from '../../../src/uart/uart-manager.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { tables } from '../recorder.js';
import { FaultyRecorder, isSubsequence } from './faulty-recorder.js';

const BODY = Buffer.from('000544010007', 'hex');

test('the ledger counts each outcome, and entries are numbered as they were sent', (t) => {
  const ledger = new Ledger();
  const [one, two, three, four] = [1, 2, 3, 4].map((atMs) => ledger.begin(BODY, atMs));
  if (!one || !two || !three || !four) return t.fail();
  ledger.settle(two, 'damaged', ['bytes', 'log_text']);
  ledger.settle(one, 'whole', []);
  ledger.settle(four, 'unread', []);
  t.deepEqual(
    ledger.entries().map(({ id, atMs, fate, causes }) => ({ id, atMs, fate, causes })),
    [
      { id: 1, atMs: 1, fate: 'whole', causes: [] },
      { id: 2, atMs: 2, fate: 'damaged', causes: ['bytes', 'log_text'] },
      { id: 3, atMs: 3, fate: 'pending', causes: [] },
      { id: 4, atMs: 4, fate: 'unread', causes: [] },
    ],
  );
  const { meant, whole, damaged, lost, unread, forgotten } = ledger.counters.snapshot();
  t.deepEqual([meant, whole, damaged, lost, unread, forgotten], [4, 1, 1, 0, 1, 0]);
});

test('taking entries returns each once, in order, and never one after one that is still on the line', (t) => {
  const ledger = new Ledger();
  const [one, two, three] = [1, 2, 3].map((atMs) => ledger.begin(BODY, atMs));
  if (!one || !two || !three) return t.fail();
  ledger.settle(one, 'whole', []);
  ledger.settle(three, 'whole', []);
  t.deepEqual(
    ledger.take().map(({ id }) => id),
    [1],
  );
  t.deepEqual(ledger.take(), []);
  ledger.settle(two, 'lost', ['line']);
  t.deepEqual(
    ledger.take().map(({ id }) => id),
    [2, 3],
  );
  t.deepEqual(ledger.entries(), []);
});

test('the ledger holds no more than its limit, and counts the entries it has dropped', (t) => {
  const ledger = new Ledger(10);
  for (let atMs = 0; atMs < 25; atMs++) ledger.settle(ledger.begin(BODY, atMs), 'whole', []);
  t.is(ledger.entries().length, 10);
  t.is(ledger.entries()[0]?.id, 16);
  t.is(ledger.counters.get('forgotten'), 15);
  t.is(ledger.counters.get('whole'), 25);
});

test('without faults every frame is complete, and the reader gets exactly what the root sent', (t) => {
  const recorder = new FaultyRecorder({}, { nodes: 5, loss: 0.1 });
  const bodies = recorder.advance(120_000).map((body) => body.toString('hex'));
  t.true(bodies.length > 500);
  t.deepEqual(recorder.whole(), bodies);
  t.is(recorder.ledger.counters.get('meant'), bodies.length);
});

test('a frame without a reader is unread', (t) => {
  const clock = new ManualClock();
  const ledger = new Ledger();
  const faults = readFaults({ line: {} }, 'test');
  const mesh = new FaultyMesh({ clock, tables, nodes: 3, faults, ledger });
  mesh.start();
  clock.advance(10_000);
  const unread = ledger.counters.get('unread');
  t.true(unread > 10);
  const disconnect = mesh.connect(() => {});
  clock.advance(10_000);
  t.true(ledger.counters.get('whole') > 10);
  t.is(ledger.counters.get('unread'), unread);
  disconnect();
  clock.advance(1_000);
  t.true(ledger.counters.get('unread') > unread);
});

/** A gateway's UART manager on a faulty mesh; time passes in steps, so that promises settle in between. */
async function runGateway(preset: Preset, minutes: number) {
  const clock = new ManualClock();
  const ledger = new Ledger();
  const mesh = new FaultyMesh({
    clock,
    tables,
    nodes: 8,
    seed: 3,
    faults: readFaults(preset.faults, 'test'),
    ledger,
  });
  const bodies: string[] = [];
  const settings = {
    maxBodyLength: 2048,
    openFrameTimeoutMs: 500,
    queueLimit: 256,
    pacing: { bytes: 1000, windowMs: 1000 },
    baud: 115_200,
  };
  const uart = new UartManager(
    { openLink: openLinkTo(mesh), watchForDevices: () => () => {}, clock, random: () => 0.5, settings },
    { onFrame: (body) => bodies.push(body.toString('hex')), onConsoleLine() {}, onLinkStatus() {} },
  );
  uart.start();
  const account = [];
  for (let step = 0; step < minutes * 240; step++) {
    clock.advance(250);
    await settled();
    if (step % 60 === 0) void uart.send('test', Buffer.from('NINFO')).catch(() => {});
    account.push(...ledger.take());
  }
  return { account, bodies, counters: ledger.counters.snapshot(), uart: uart.counters(), mesh };
}

for (const [name, preset] of Object.entries<Preset>(PRESETS)) {
  test(`${name}: a gateway gets every frame that arrived complete, in order, and the rest is accounted for`, async (t) => {
    const { account, bodies, counters, uart } = await runGateway(preset, 15);
    const whole = account.filter(({ fate }) => fate === 'whole').map(({ body }) => body.toString('hex'));
    const { meant, damaged, lost, unread, forgotten } = counters;
    t.true(whole.length > 300, `${whole.length}`);
    t.is(forgotten, 0);
    t.is(whole.length + damaged + lost + unread, account.length);
    t.true(meant - account.length < 1_000);
    t.true(isSubsequence(whole, bodies));
    t.is(uart.received.frames, bodies.length);
    const extra = bodies.length - whole.length;
    t.true(extra >= 0 && extra <= 3 * damaged, `${extra} of ${damaged} damaged`);
    const unexplained = account.filter(({ fate, causes }) => fate === 'damaged' && causes.length === 0);
    t.deepEqual(unexplained, []);
  });
}

const chance = fc.constantFrom(0, 0.001, 0.01, 0.2, 1);
const span = fc.tuple(fc.constantFrom(0.1, 1, 5), fc.constantFrom(5, 12)) as fc.Arbitrary<[number, number]>;
const anyFaults = fc.record(
  {
    bytes: fc.record({ flip: chance, lose: chance, double: chance }),
    bytes_to_root: fc.record({ flip: chance, lose: chance, double: chance }),
    log_text: fc.record({ chance }),
    line: fc.record({ baud: fc.constantFrom(1200, 9600, 115_200) }),
    half_messages: fc.record({ chance }),
    wrong_baud: fc.record({ after_s: span, for_s: span, baud: fc.constantFrom(300, 9600, 74_880, 921_600) }),
    resets: fc.record({ after_s: span, apart_s: span, in_frame: fc.boolean() }),
    silence: fc.array(
      fc.record({ after_s: span, for_s: span, until: fc.constantFrom('restart', 'lines', 'reopen') }),
      { maxLength: 3 },
    ),
    hang_ups: fc.record({ after_s: span, for_s: span }),
    churn: fc.record({ share: fc.constantFrom(0, 0.5, 0.99), away_s: span }),
    storm: fc.record({ after_s: span, for_s: span, rate_hz: fc.constantFrom(1, 50) }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<GivenFaults>;

test('under any faults the receiver gets every frame that arrived complete, and each is accounted for once', (t) => {
  const isAccountedFor = (faults: GivenFaults, seed: number) => {
    const recorder = new FaultyRecorder(faults, { nodes: 3, seed });
    for (let round = 0; round < 20; round++) recorder.tell({ kind: 'listNodes' });
    const { meant, whole, damaged, lost, unread } = recorder.ledger.counters.snapshot();
    const pending = recorder.ledger.entries().filter(({ fate }) => fate === 'pending').length;
    const bodies = recorder.bodies.map((body) => body.toString('hex'));
    return isSubsequence(recorder.whole(), bodies) && meant === whole + damaged + lost + unread + pending;
  };
  t.notThrows(() => fc.assert(fc.property(anyFaults, fc.nat(1_000), isAccountedFor), { numRuns: 50 }));
});

test('whatever was on the line before, the receiver gets the second of two good frames', (t) => {
  for (const [name, { faults }] of Object.entries<Preset>(PRESETS)) {
    const recorder = new FaultyRecorder(faults, { nodes: 4, seed: 5 });
    recorder.advance(600_000);
    const good = encodeFrame(BODY);
    const before = recorder.bodies.length;
    recorder.receiver.push(good);
    recorder.receiver.push(good);
    const now = recorder.bodies.slice(before).map((body) => body.toString('hex'));
    t.is(now.at(-1), BODY.toString('hex'), name);
  }
});
