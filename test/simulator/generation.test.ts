/** The messages of each generation of the firmware, as the gateway reads them. */
import test from 'ava';
import { type DecodedValue, decodeValue, deviceTimeOf } from '../../src/protocol/data-types.js';
import { messageName } from '../../src/protocol/message.js';
import { GENERATIONS } from '../../src/simulator/generation.js';
import { type Heard, MeshRecorder } from './recorder.js';

const NEAR = { nodes: 1, radioRangeM: 9_000 };

/** Every kind of message received, with the data types in it: `Data Sequence GPS`. */
function kindsOf(heard: readonly Heard[]): string[] {
  const kinds = heard.map((message) => {
    const types = message.kind === 'values' ? message.values.map(({ type }) => type.name) : [];
    return [messageName(message), ...types].join(' ');
  });
  return [...new Set(kinds)].sort();
}

for (const [generation, kinds] of [
  [1, ['Data Battery Temperature', 'Data Sequence GPS']],
  [2, ['Data Battery Temperature', 'Data Sequence GPS', 'Position Position']],
  [3, ['Data Battery Temperature', 'Data Sequence', 'Report Report']],
] as const) {
  test(`a node of generation ${generation} reports: ${kinds.join(', ')}`, (t) => {
    const recorder = new MeshRecorder({ ...NEAR, generation });
    recorder.clock.advance(60_000);
    const always = ['NodeInfo', 'Text'];
    t.deepEqual(kindsOf(recorder.from(5)), [...kinds, ...always].sort());
    t.true(recorder.heard.every(({ kind }) => kind !== 'malformed' && kind !== 'unknown'));
  });
}

for (const [generation, complaint] of [
  [1, 'Error: Buffer might have remaining half message!!\n'],
  [2, '[Warning] Buffer might have remaining half message!!\n'],
  [3, '[Warning] Buffer might have remaining half message!!\n'],
] as const) {
  test(`a root of generation ${generation} prints ${complaint.trim()}`, (t) => {
    const recorder = new MeshRecorder({ ...NEAR, nodes: 0, generation });
    recorder.clock.advance(1_000);
    recorder.write(Buffer.from('ff4e494e46', 'hex'));
    t.deepEqual(recorder.texts(), [complaint]);
  });
}

test('a root of the first generation does not know GETDF', (t) => {
  const answers = GENERATIONS.map((generation) => {
    const recorder = new MeshRecorder({ ...NEAR, nodes: 0, generation });
    recorder.clock.advance(1_000);
    return recorder.tell({ kind: 'listPaths' }).map(({ kind }) => kind);
  });
  t.deepEqual(answers, [[], ['pathInfo'], ['pathInfo']]);
});

test('the default generation is the second', (t) => {
  const [unset, second] = [new MeshRecorder(NEAR), new MeshRecorder({ ...NEAR, generation: 2 })];
  for (const recorder of [unset, second]) recorder.clock.advance(60_000);
  t.deepEqual(unset.traffic, second.traffic);
});

test('a report of the third generation is a line of JSON with the position and time of the node', (t) => {
  const recorder = new MeshRecorder({ ...NEAR, generation: 3 });
  recorder.clock.advance(120_000);
  const reports = recorder.from(5).filter(({ body }) => body[2] === 0x7b);
  t.true(reports.length > 100);
  for (const report of reports) {
    const text = report.body.toString('utf8', 2);
    t.true(text.endsWith('}\n'));
    t.deepEqual(Object.keys(JSON.parse(text)), [
      'node',
      'gps_time',
      'lat',
      'lon',
      'fixType',
      'gnssFixOK',
      'diffSoln',
      'numSV',
      'button',
    ]);
    const { node, lat, lon, numSV } = decoded(report);
    t.is(node?.value, 5);
    t.true(Math.abs(Number(lat?.value) - 44.568) < 0.015);
    t.true(Math.abs(Number(lon?.value) + 123.278) < 0.027);
    t.true(Number(numSV?.value) >= 8 && Number(numSV?.value) <= 16);
    t.true(Math.abs(timeOf(report) - Date.UTC(2026, 0, 1, 17) - report.atMs) < 1_100);
  }
});

function decoded(message: Heard): DecodedValue {
  const [value] = message.kind === 'values' ? message.values : [];
  return value ? decodeValue(value.type, value.bytes) : {};
}

function timeOf(message: Heard): number {
  const [value] = message.kind === 'values' ? message.values : [];
  return (value && deviceTimeOf(value.type, value.bytes)) ?? Number.NaN;
}

test('every update of the third generation is followed by its report', (t) => {
  const recorder = new MeshRecorder({ ...NEAR, generation: 3, rateHz: 5 });
  recorder.clock.advance(60_000);
  const updates = recorder.from(5).filter(({ body }) => body.toString('hex', 2, 5) === '440100');
  const reports = recorder.from(5).filter(({ body }) => body[2] === 0x7b);
  t.true(updates.length > 250);
  t.true(Math.abs(updates.length - reports.length) <= 1);
});
