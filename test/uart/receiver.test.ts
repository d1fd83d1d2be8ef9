import test, { type ExecutionContext } from 'ava';
import { Receiver } from '../../src/uart/receiver.js';
import { bytesOf, hexOf, type LineStep, lineSteps } from '../support/hex.js';
import { byteByByte, type Cut, whole } from '../support/line-record.js';
import { ManualClock } from '../support/manual-clock.js';
import { frameVectors } from '../support/vectors.js';

const SETTINGS = { maxBodyLength: 2048, openFrameTimeoutMs: 500 };
type Rule = (typeof frameVectors.rules)[number];

function startReceiver(settings = SETTINGS, clock = new ManualClock()) {
  const bodies: string[] = [];
  const lines: string[] = [];
  const receiver = new Receiver(
    { onFrame: (body) => bodies.push(hexOf(body)), onConsoleLine: (line) => lines.push(line) },
    clock,
    settings,
  );
  return { clock, bodies, lines, receiver };
}

function receive(steps: readonly LineStep[], cut: Cut) {
  const started = startReceiver();
  for (const step of steps) {
    if (typeof step === 'number') started.clock.advance(step);
    else for (const chunk of cut(step)) started.receiver.push(chunk);
  }
  return started;
}

function keepsRule(t: ExecutionContext, rule: Rule, steps: readonly LineStep[], cut: Cut, tail: string[]) {
  const { bodies, lines, receiver, clock } = receive(steps, cut);
  clock.advance(500);
  t.deepEqual(bodies, [...rule.bodies, ...tail]);
  t.deepEqual(lines, rule.console);
  t.deepEqual(countedIn(receiver.drops.snapshot()), rule.drops);
  const { outsideBytes, consoleLines, emptyFrame, strayEnd } = receiver.received.snapshot();
  t.deepEqual(countedIn({ emptyFrame, strayEnd }), rule.noise);
  t.deepEqual([outsideBytes, consoleLines], [rule.discarded, rule.console.length]);
}

/** Without the zeros. */
function countedIn(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

for (const rule of frameVectors.rules) {
  test(`the receiver passes on bodies, console lines and counts for ${rule.name}`, (t) => {
    const steps = lineSteps(rule.wire);
    keepsRule(t, rule, steps, whole, []);
    keepsRule(t, rule, steps, byteByByte, []);
    keepsRule(t, rule, [...steps, bytesOf('FF 00 05 53 FE')], whole, ['00 05 53']);
  });
}

test('every byte and every frame is counted', (t) => {
  const { receiver } = receive([bytesOf('62 0A FF 00 05 41 FE FE FF FE')], byteByByte);
  t.deepEqual(receiver.received.snapshot(), {
    bytes: 10,
    frames: 1,
    outsideBytes: 2,
    consoleLines: 1,
    emptyFrame: 1,
    strayEnd: 1,
  });
});

test('an open frame is abandoned after 500 ms without a byte, not a millisecond earlier', (t) => {
  const { receiver, clock } = receive([bytesOf('FF 00 05')], whole);
  clock.advance(499);
  t.is(receiver.drops.get('abandoned'), 0);
  clock.advance(1);
  t.is(receiver.drops.get('abandoned'), 1);
});

/** Its process can be held up: time passes, and timers run only afterwards. */
class HeldUpClock extends ManualClock {
  #heldUpMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.#heldUpMs;
  }

  holdUp(ms: number): void {
    this.#heldUpMs += ms;
  }
}

test('a frame whose rest arrived while the process was held up is not abandoned', (t) => {
  const clock = new HeldUpClock();
  const { receiver, bodies } = startReceiver(SETTINGS, clock);
  receiver.push(bytesOf('FF 00 05'));
  clock.holdUp(700);
  clock.advance(500);
  receiver.push(bytesOf('41 FE'));
  t.deepEqual(bodies, ['00 05 41']);
  t.is(receiver.drops.get('abandoned'), 0);
});

test('a process that was held up abandons the frame when it has read and nothing was there', (t) => {
  const clock = new HeldUpClock();
  const { receiver } = startReceiver(SETTINGS, clock);
  receiver.push(bytesOf('FF 00 05'));
  clock.holdUp(700);
  clock.advance(500);
  t.is(receiver.drops.get('abandoned'), 0);
  clock.advance(50);
  t.is(receiver.drops.get('abandoned'), 1);
});

test('the silence is counted from the last byte, whatever was on the line before', (t) => {
  const { receiver, clock, bodies } = receive([bytesOf('FF 00'), 400, bytesOf('05 41 FE FF 00'), 400], whole);
  t.is(receiver.drops.get('abandoned'), 0);
  clock.advance(100);
  t.is(receiver.drops.get('abandoned'), 1);
  t.deepEqual(bodies, ['00 05 41']);
});

test('the maximum silence of an open frame is configurable', (t) => {
  const { receiver, clock } = startReceiver({ ...SETTINGS, openFrameTimeoutMs: 20 });
  receiver.push(bytesOf('FF 00'));
  clock.advance(20);
  t.is(receiver.drops.get('abandoned'), 1);
});

test('setting the host clock does not abandon a frame', (t) => {
  const { receiver, clock, bodies } = startReceiver();
  receiver.push(bytesOf('FF 00'));
  clock.setHostClock(Date.UTC(2036, 0, 1));
  clock.advance(499);
  receiver.push(bytesOf('05 41 FE'));
  t.deepEqual(bodies, ['00 05 41']);
});

test('boot text after an abandoned frame is passed on as console lines', (t) => {
  const boot = Buffer.from('ets Jun  8 2016\r\nrst:0x1 (POWERON_RESET)\r\n');
  const { lines, bodies } = receive(
    [bytesOf('FF 00 05 44'), 500, boot, bytesOf('FF 00 00 03 FE')],
    byteByByte,
  );
  t.deepEqual(lines, ['ets Jun  8 2016', 'rst:0x1 (POWERON_RESET)']);
  t.deepEqual(bodies, ['00 00 03']);
});

test('a console line without an end is passed on after 500 ms of silence', (t) => {
  const { lines, clock } = receive([Buffer.from('press a key')], whole);
  clock.advance(499);
  t.deepEqual(lines, []);
  clock.advance(1);
  t.deepEqual(lines, ['press a key']);
});

test('when the link is gone the open frame is dropped, its line ends, and a new link starts clean', (t) => {
  const { receiver, lines, bodies } = receive([bytesOf('62 79 65 FF 00 05')], whole);
  receiver.abandon();
  receiver.push(bytesOf('41 FE FF 00 06 41 FE'));
  t.deepEqual(lines, ['bye']);
  t.deepEqual(bodies, ['00 06 41']);
  t.deepEqual(countedIn(receiver.drops.snapshot()), { abandoned: 1 });
});
