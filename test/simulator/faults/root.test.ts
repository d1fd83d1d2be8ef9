/** Faults of the root, its port and its mesh. */
import test from 'ava';
import { createFaultCounters } from '../../../src/simulator/faults/fault-counters.js';
import { readFaults } from '../../../src/simulator/faults/fault-plan.js';
import { Resets } from '../../../src/simulator/faults/resets.js';
import { VirtualMesh } from '../../../src/simulator/virtual-mesh.js';
import { ManualClock } from '../../support/manual-clock.js';
import { tables } from '../recorder.js';
import { FaultyRecorder, isSubsequence, NEAR } from './faulty-recorder.js';

const MINUTE = 60_000;
const PULSE = [
  { dtr: false, rts: true },
  { dtr: false, rts: false },
] as const;

const hex = (bodies: readonly Buffer[]) => bodies.map((body) => body.toString('hex'));
const isReset = (body: Buffer) => body.toString('latin1') === '\0\0\x03online\n';
/** The root's own counter: how often it was started. */
const bootsOf = ({ mesh }: FaultyRecorder) => mesh.mesh.root.counters.get('boots');

function pulse({ mesh }: FaultyRecorder): void {
  for (const lines of PULSE) mesh.setLines(lines);
}

test('resets: a frame is cut, the boot log follows, and Root Reset arrives complete', (t) => {
  const recorder = new FaultyRecorder({ resets: { after_s: 20 } }, { nodes: 3, ...NEAR });
  recorder.advance(19_900);
  t.is(recorder.bodies.filter(isReset).length, 1);
  const bodies = recorder.advance(6_000);
  t.deepEqual(recorder.reported, ['20000 the root resets']);
  t.is(bodies.filter(isReset).length, 1);
  t.true(recorder.receiver.drops.get('abandoned') + recorder.receiver.drops.get('badEscape') === 1);
  const { resets, framesCut } = recorder.mesh.faultCounters();
  t.deepEqual([resets, framesCut], [1, 1]);
  const [cut] = recorder.ledger.entries().filter(({ fate }) => fate === 'damaged');
  t.deepEqual(cut?.causes, ['resets']);
  t.is(recorder.ledger.counters.get('damaged'), 1);
  t.true(recorder.advance(5_000).some((body) => body[2] === 0x44));
  t.true(isSubsequence(recorder.whole(), hex(recorder.bodies)));
});

test('resets: the rest of the cut frame is its beginning, and nothing follows it before the boot log', (t) => {
  const recorder = new FaultyRecorder({ resets: { after_s: 20 } }, { nodes: 3, ...NEAR });
  recorder.advance(26_000);
  const [cut] = recorder.ledger.entries().filter(({ fate }) => fate === 'damaged');
  const at = recorder.traffic.findIndex((line) => line.startsWith(`${cut?.atMs} `));
  const [, remains = ''] = recorder.traffic[at]?.split(' ') ?? [];
  t.true(remains.startsWith('ff') && !remains.endsWith('fe'));
  t.true(`ff${cut?.body.toString('hex')}fe`.startsWith(remains));
  const [, next = ''] = recorder.traffic[at + 1]?.split(' ') ?? [];
  t.regex(Buffer.from(next, 'hex').toString('latin1'), /^Guru Meditation Error/);
});

test('resets: messages of the root after the cut frame at that moment are lost', (t) => {
  const clock = new ManualClock();
  const mesh = new VirtualMesh({ clock, tables, nodes: 0 });
  const counters = createFaultCounters();
  const parts = { seed: 1, timeline: mesh.timeline, counters, onBegin() {}, onEnd() {} };
  const resets = new Resets(
    parts,
    readFaults({ resets: { after_s: 5 } }, 'test').resets ?? t.fail(),
    mesh.root,
  );
  resets.start();
  mesh.start();
  clock.advance(5_000);
  const frame = Buffer.from('ff000001010005fe', 'hex');
  const passing = { atMs: 5_000, isFrame: true };
  t.deepEqual(resets.disturb(Buffer.from('log\n'), { atMs: 5_000, isFrame: false }), Buffer.from('log\n'));
  const left = resets.disturb(frame, passing);
  t.true(left.length > 0 && left.length < frame.length);
  t.is(resets.disturb(frame, passing).length, 0);
  t.is(counters.get('resets'), 0, 'the root is in the middle of sending');
  clock.advance(1);
  t.is(counters.get('resets'), 1);
  t.deepEqual(resets.disturb(frame, passing), frame);
});

test('resets: a root with nothing to send resets between frames; in_frame = false always does', (t) => {
  const silent = new FaultyRecorder({ resets: { after_s: 20 } }, { nodes: 0 });
  const between = new FaultyRecorder({ resets: { after_s: 20, in_frame: false } }, { nodes: 5, ...NEAR });
  for (const recorder of [silent, between]) {
    recorder.advance(26_000);
    const { resets, framesCut } = recorder.mesh.faultCounters();
    t.deepEqual([resets, framesCut], [1, 0]);
    t.is(recorder.ledger.counters.get('damaged'), 0);
    t.is(recorder.bodies.filter(isReset).length, 2);
  }
});

test('resets: if it resets again before it is up, the root sends only boot logs', (t) => {
  const recorder = new FaultyRecorder(
    { resets: { after_s: 20, times: 10, apart_s: 2 } },
    { nodes: 3, ...NEAR },
  );
  recorder.advance(21_000);
  const bodies = recorder.advance(18_000);
  t.deepEqual(bodies, []);
  t.is(recorder.console.filter((line) => line.startsWith('Guru')).length >= 8, true);
  recorder.advance(5_000);
  t.is(recorder.mesh.faultCounters().resets, 10);
  t.is(recorder.bodies.filter(isReset).length, 2);
});

test('silence: the root sends and does nothing for a while, then continues without a reset', (t) => {
  const recorder = new FaultyRecorder({ silence: [{ after_s: 20, for_s: 10 }] }, { nodes: 3, ...NEAR });
  recorder.advance(20_000);
  const boots = bootsOf(recorder);
  t.deepEqual(recorder.advance(5_000), []);
  t.deepEqual(recorder.tell({ kind: 'resetRoot' }), [], 'it does not hear RST-R either');
  t.deepEqual(recorder.advance(3_900), []);
  t.true(recorder.advance(5_000).length > 5);
  t.is(bootsOf(recorder), boots);
  const { silences, endedByTime } = recorder.mesh.faultCounters();
  t.deepEqual([silences, endedByTime], [1, 1]);
});

test('silence until = "restart": only RST-R ends it, other commands do not', (t) => {
  const recorder = new FaultyRecorder(
    { silence: [{ after_s: 20, until: 'restart' }] },
    { nodes: 3, ...NEAR },
  );
  recorder.advance(20_000);
  recorder.tell({ kind: 'listNodes' });
  recorder.connect();
  t.deepEqual(recorder.advance(5 * MINUTE), []);
  recorder.tell({ kind: 'resetRoot' });
  t.is(recorder.advance(5_000).filter(isReset).length, 1);
  t.is(recorder.mesh.faultCounters().endedByRestart, 1);
});

test('silence until = "lines": RST-R does not end it, DTR/RTS do', (t) => {
  const recorder = new FaultyRecorder({ silence: [{ after_s: 20, until: 'lines' }] }, { nodes: 3, ...NEAR });
  recorder.advance(20_000);
  recorder.tell({ kind: 'resetRoot' });
  recorder.connect();
  t.deepEqual(recorder.advance(5 * MINUTE), []);
  pulse(recorder);
  t.is(recorder.advance(5_000).filter(isReset).length, 1);
  const { endedByLines, endedByRestart } = recorder.mesh.faultCounters();
  t.deepEqual([endedByLines, endedByRestart], [1, 0]);
});

test('silence until = "reopen": neither RST-R nor DTR/RTS get through, and the root was fine all the time', (t) => {
  const recorder = new FaultyRecorder({ silence: [{ after_s: 20, until: 'reopen' }] }, { nodes: 3, ...NEAR });
  recorder.advance(20_000);
  const boots = bootsOf(recorder);
  recorder.tell({ kind: 'resetRoot' });
  pulse(recorder);
  t.deepEqual(recorder.advance(5 * MINUTE), []);
  t.is(bootsOf(recorder), boots);
  const [lost] = recorder.ledger.entries().filter(({ fate }) => fate === 'lost');
  t.deepEqual(lost?.causes, ['silence']);
  recorder.connect();
  t.true(recorder.advance(5_000).length > 5);
  const { endedByReopen, bytesStuck, bytesStuckToRoot } = recorder.mesh.faultCounters();
  t.is(endedByReopen, 1);
  t.true(bytesStuck > 1_000);
  t.is(bytesStuckToRoot, 7);
});

test('silence: for_s limits a silence that waits for something', (t) => {
  for (const until of ['restart', 'lines', 'reopen'] as const) {
    const recorder = new FaultyRecorder(
      { silence: [{ after_s: 20, for_s: 30, until }] },
      { nodes: 3, ...NEAR },
    );
    recorder.advance(20_000);
    t.deepEqual(recorder.advance(29_900), []);
    t.true(recorder.advance(5_000).length > 5, until);
    t.is(recorder.mesh.faultCounters().endedByTime, 1);
  }
});

test('silence: only one of several is active at a time', (t) => {
  const recorder = new FaultyRecorder(
    {
      silence: [
        { after_s: 20, for_s: 10 },
        { after_s: 20, for_s: 10, until: 'reopen' },
      ],
    },
    { nodes: 1, ...NEAR },
  );
  recorder.advance(29_900);
  t.is(recorder.mesh.faultCounters().silences, 1);
  recorder.advance(2_000);
  t.is(recorder.mesh.faultCounters().silences, 2);
});

test('DTR/RTS: the root is held as long as RTS is asserted without DTR, and boots when that ends', (t) => {
  const recorder = new FaultyRecorder({}, { nodes: 2, ...NEAR });
  recorder.advance(10_000);
  recorder.mesh.setLines({ dtr: true, rts: true });
  t.true(recorder.advance(5_000).length > 3, 'both asserted is how a port is opened');
  recorder.mesh.setLines({ dtr: false, rts: true });
  t.deepEqual(recorder.advance(10_000), []);
  recorder.mesh.setLines({ dtr: false, rts: false });
  t.is(recorder.advance(3_500).filter(isReset).length, 1);
  t.true(recorder.console.some((line) => line.startsWith('rst:0x1 (POWERON_RESET)')));
  t.is(bootsOf(recorder), 2);
});

test('hang_ups: the reader is notified, and messages of the root meanwhile are unread', (t) => {
  const recorder = new FaultyRecorder({ hang_ups: { after_s: 20, for_s: 5 } }, { nodes: 4, ...NEAR });
  recorder.advance(19_999);
  t.true(recorder.mesh.isPlugged);
  recorder.advance(1);
  t.false(recorder.mesh.isPlugged);
  t.deepEqual(recorder.hungUp, [5_000]);
  t.deepEqual(recorder.advance(4_999), []);
  const { unread } = recorder.ledger.counters.snapshot();
  t.true(unread >= 16, `${unread}`);
  recorder.advance(1);
  t.true(recorder.mesh.isPlugged);
  t.true(recorder.advance(5_000).length >= 16);
  t.is(recorder.mesh.faultCounters().hangUps, 1);
  t.deepEqual(recorder.whole(), hex(recorder.bodies));
});

test('storm: every node sends at that rate while it lasts, and then at its own', (t) => {
  const recorder = new FaultyRecorder(
    { storm: { after_s: 20, for_s: 10, rate_hz: 40 } },
    { nodes: 5, ...NEAR },
  );
  const updatesIn = (ms: number) => recorder.advance(ms).filter((body) => body[4] === 0x00).length;
  recorder.advance(19_000);
  const inStorm = updatesIn(11_000);
  t.true(Math.abs(inStorm - 5 * 40 * 10) < 20, `${inStorm}`);
  recorder.advance(500);
  t.is(updatesIn(10_000), 50);
  t.is(recorder.mesh.faultCounters().storms, 1);
});

test('storm: a node that joins during it storms too, and a field test does not end it', (t) => {
  const recorder = new FaultyRecorder(
    { storm: { after_s: 10, for_s: 20, rate_hz: 20 } },
    { nodes: 1, ...NEAR },
  );
  recorder.advance(12_000);
  const send = (message: string) =>
    recorder.tell({ kind: 'send', to: 5, message: Buffer.from(message, 'latin1'), tracked: true });
  send('S');
  recorder.advance(5_000);
  t.true(recorder.advance(2_000).length > 35);
  send('TID\x02');
  send('TS');
  t.true(recorder.advance(2_000).length > 35);
  recorder.advance(7_000);
  const calm = recorder.advance(8_000).filter((body) => body[4] === 0x00).length;
  t.true(Math.abs(calm - 16) <= 1, 'the rate of the test');
});

test('churn: nodes leave and return at the configured share and times', (t) => {
  const recorder = new FaultyRecorder({ churn: { share: 0.5, away_s: [5, 10] } }, { nodes: 10, ...NEAR });
  recorder.advance(10 * MINUTE);
  const { nodesGone, nodesBack } = recorder.mesh.faultCounters();
  t.true(nodesGone > 200 && nodesGone < 600, `${nodesGone}`);
  t.true(nodesGone - nodesBack <= 10 && nodesGone >= nodesBack);
  const joins = recorder.bodies.filter((body) => body[2] === 0x02).length;
  t.true(joins > 100);
});
