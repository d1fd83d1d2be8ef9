/** Faults of the line: how they change the bytes, and that the gateway's receiver finds the good frames after them. */
import test from 'ava';
import fc from 'fast-check';
import type { FaultCount } from '../../../src/simulator/faults/fault-counters.js';
import { resample } from '../../../src/simulator/faults/resample.js';
import { FaultyRecorder, isSubsequence, NEAR } from './faulty-recorder.js';

const MINUTE = 60_000;

for (const [fault, count, change] of [
  ['flip', 'bitsFlipped', 0],
  ['lose', 'bytesLost', -1],
  ['double', 'bytesDoubled', 1],
] as const) {
  test(`bytes.${fault}: an affected frame has another length or other bytes, the others arrive complete`, (t) => {
    const recorder = new FaultyRecorder({ bytes: { [fault]: 0.002 } }, { nodes: 4, ...NEAR });
    const bodies = recorder.advance(5 * MINUTE).map((body) => body.toString('hex'));
    const struck = recorder.mesh.faultCounters()[count];
    const { whole, damaged, meant } = recorder.ledger.counters.snapshot();
    t.true(struck > 20);
    t.is(whole + damaged, meant);
    t.true(damaged > 10 && damaged <= struck);
    t.true(isSubsequence(recorder.whole(), bodies));
    t.true(bodies.length - whole <= damaged);
    const sent = lineOf(new FaultyRecorder({}, { nodes: 4, ...NEAR }), 5 * MINUTE);
    t.is(lineOf(recorder, 0).length, sent.length + change * struck);
  });
}

/** All bytes received on the line. */
function lineOf(recorder: FaultyRecorder, ms: number): Buffer {
  recorder.advance(ms);
  return Buffer.from(recorder.traffic.map((line) => line.split(' ')[1] ?? '').join(''), 'hex');
}

test('bytes.flip inverts one bit of a byte', (t) => {
  const settings = { nodes: 2, ...NEAR };
  const sent = lineOf(new FaultyRecorder({}, settings), 5 * MINUTE);
  const faulty = new FaultyRecorder({ bytes: { flip: 0.01 } }, settings);
  const came = lineOf(faulty, 5 * MINUTE);
  const turned = [...came].map((byte, at) => byte ^ (sent[at] ?? 0)).filter((bits) => bits !== 0);
  t.is(turned.length, faulty.mesh.faultCounters().bitsFlipped);
  t.true(turned.every((bits) => Math.log2(bits) % 1 === 0));
  t.is(new Set(turned).size, 8, 'any of the eight');
});

test('a chance of 1 affects every byte, a chance of 0 none', (t) => {
  const all = new FaultyRecorder({ bytes: { lose: 1 } }, { nodes: 2, ...NEAR });
  t.deepEqual(all.advance(MINUTE), []);
  t.is(all.receiver.received.get('bytes'), 0);
  const { meant, lost } = all.ledger.counters.snapshot();
  t.is(lost, meant);
  const none = new FaultyRecorder({ bytes: { flip: 0, lose: 0, double: 0 } }, { nodes: 2, ...NEAR });
  none.advance(MINUTE);
  t.is(none.ledger.counters.get('whole'), none.ledger.counters.get('meant'));
});

test('bytes_to_root: commands are lost on the way to the root, and its own messages are unaffected', (t) => {
  const recorder = new FaultyRecorder({ bytes_to_root: { flip: 0.05, lose: 0.05 } }, { nodes: 1, ...NEAR });
  recorder.advance(5_000);
  for (let round = 0; round < 100; round++) recorder.tell({ kind: 'listNodes' });
  const { bitsFlippedToRoot, bytesLostToRoot, bytesDoubledToRoot } = recorder.mesh.faultCounters();
  t.true(bitsFlippedToRoot > 10 && bytesLostToRoot > 10);
  t.is(bytesDoubledToRoot, 0);
  const lists = recorder.bodies.filter((body) => body[2] === 0x01 && body.readUInt16BE(0) === 0).length;
  t.true(lists > 20 && lists < 80, `${lists}`);
  t.is(recorder.ledger.counters.get('damaged'), 0);
});

test('log_text: a line appears within a frame; only one after an escape costs the frame', (t) => {
  const recorder = new FaultyRecorder({ log_text: { chance: 0.2 } }, { nodes: 3, ...NEAR });
  const bodies = recorder.advance(5 * MINUTE).map((body) => body.toString('hex'));
  const { logLines } = recorder.mesh.faultCounters();
  t.true(logLines > 50);
  t.is(recorder.ledger.counters.get('damaged'), logLines);
  const coloured = Buffer.from('\x1b[0;32mI (').toString('hex');
  const costly = recorder.receiver.drops.get('badEscape');
  t.is(bodies.filter((body) => body.includes(coloured)).length + costly, logLines);
  t.true(costly > 0 && costly < logLines / 5);
  t.true(isSubsequence(recorder.whole(), bodies));
  t.deepEqual(recorder.ledger.entries().find(({ fate }) => fate === 'damaged')?.causes, ['log_text']);
});

test('wrong_baud: nothing is understood while it lasts, and everything after it', (t) => {
  const recorder = new FaultyRecorder(
    { wrong_baud: { after_s: 20, for_s: 10, baud: 74_880 } },
    { nodes: 5, ...NEAR },
  );
  recorder.advance(20_000);
  t.deepEqual(recorder.reported, ['20000 the root sends at 74880 baud']);
  const good = recorder.ledger.counters.get('whole');
  recorder.advance(9_500);
  t.is(recorder.ledger.counters.get('whole'), good);
  t.true(recorder.ledger.counters.get('damaged') > 30);
  const { bytesGarbled } = recorder.mesh.faultCounters();
  t.true(bytesGarbled > 500);
  recorder.advance(500);
  const before = recorder.bodies.length;
  recorder.advance(19_000);
  t.true(recorder.bodies.length - before > 80);
  t.true(isSubsequence(recorder.whole(), hex(recorder.bodies)));
});

test('wrong_baud: the root understands nothing either', (t) => {
  const recorder = new FaultyRecorder({ wrong_baud: { after_s: 20, for_s: 10 } }, { nodes: 1, ...NEAR });
  recorder.advance(21_000);
  const commands = recorder.mesh.mesh.root.counters.get('commands');
  recorder.tell({ kind: 'listNodes' });
  t.is(recorder.mesh.mesh.root.counters.get('commands'), commands);
  t.true(recorder.mesh.faultCounters().bytesGarbledToRoot > 0);
  recorder.advance(10_000);
  recorder.tell({ kind: 'listNodes' });
  t.is(recorder.mesh.mesh.root.counters.get('commands'), commands + 1);
});

test('at the same baud rate the bytes are read as sent', (t) => {
  const isKept = (bytes: Uint8Array) => resample(bytes, 9600, 9600).equals(Buffer.from(bytes));
  t.notThrows(() => fc.assert(fc.property(fc.uint8Array(), isKept)));
});

for (const [sent, read, from, to] of [
  [115_200, 57_600, '55', 'ff'],
  [57_600, 115_200, '00', '00'],
  [9600, 115_200, 'ff', '00'],
  [115_200, 9600, 'ff000102', 'fc'],
] as const) {
  test(`${from} sent at ${sent} and read at ${read} baud is ${to}`, (t) => {
    t.is(resample(Buffer.from(from, 'hex'), sent, read).toString('hex'), to);
  });
}

test('line: bytes arrive at the baud rate, piece by piece', (t) => {
  const recorder = new FaultyRecorder(
    { line: { baud: 9600, latency_s: [0.004, 0.02] } },
    { nodes: 20, ...NEAR },
  );
  recorder.advance(MINUTE);
  const pieces = recorder.traffic.map((line) => {
    const [atMs = '', hex = ''] = line.split(' ');
    return { atMs: Number(atMs), length: hex.length / 2 };
  });
  for (const [index, { atMs }] of pieces.entries()) {
    const inASecond = pieces.slice(index).filter((later) => later.atMs < atMs + 1000);
    const bytes = inASecond.reduce((sum, { length }) => sum + length, 0);
    t.true(bytes <= 960 + 20, `${bytes} bytes in the second from ${atMs}`);
  }
  const frames = recorder.ledger.counters.get('meant');
  t.true(pieces.length !== frames && frames > 1_000);
  t.true(pieces.some(({ length }) => length < 5));
  const left = recorder.ledger.entries().filter(({ fate }) => fate === 'pending').length;
  t.is(recorder.bodies.length, frames - left);
  t.deepEqual(recorder.whole(), hex(recorder.bodies));
});

test('line: bytes that the root cannot send are lost and counted, and memory is bounded', (t) => {
  const recorder = new FaultyRecorder({ line: { baud: 9600 } }, { nodes: 10, rateHz: 50, ...NEAR });
  recorder.advance(MINUTE);
  const { meant, whole, lost } = recorder.ledger.counters.snapshot();
  t.is(recorder.mesh.faultCounters().framesOverflowed, lost);
  t.true(lost > meant / 2);
  t.true(meant - whole - lost <= 16_384 / 15);
  t.deepEqual(recorder.whole(), hex(recorder.bodies));
  t.deepEqual(recorder.ledger.entries().find(({ fate }) => fate === 'lost')?.causes, ['line']);
});

test('line: a command takes as long as its bytes, and one still in transfer when the block ends is lost', (t) => {
  const recorder = new FaultyRecorder({ line: { baud: 1200 } }, { nodes: 0 });
  recorder.advance(350 + 2_970);
  recorder.tell({ kind: 'listPaths' });
  t.deepEqual(recorder.texts(), ['[Warning] Buffer might have remaining half message!!\n']);
  const { halfMessages, commands } = recorder.mesh.mesh.root.counters.snapshot();
  t.deepEqual([halfMessages, commands], [1, 0]);
});

test('half_messages: the frame is lost, the root reports it, and a frame after it is obeyed', (t) => {
  const recorder = new FaultyRecorder({ half_messages: { chance: 0.5 } }, { nodes: 0 });
  recorder.advance(1_000);
  for (let round = 0; round < 100; round++) recorder.tell({ kind: 'listPaths' });
  const { halfMessages } = recorder.mesh.faultCounters();
  t.true(halfMessages > 30 && halfMessages < 70);
  const said = recorder.texts().filter((text) => text.includes('half message!!')).length;
  const lists = recorder.bodies.filter((body) => body.toString('hex') === '00000400').length;
  t.is(said, halfMessages);
  t.is(lists, 100 - halfMessages);
});

test('every counter exists from the start', (t) => {
  const counters = new FaultyRecorder({}).mesh.faultCounters();
  t.true(Object.keys(counters).length > 20);
  for (const count of Object.keys(counters) as FaultCount[]) t.is(counters[count], 0, count);
});

function hex(bodies: readonly Buffer[]): string[] {
  return bodies.map((body) => body.toString('hex'));
}
