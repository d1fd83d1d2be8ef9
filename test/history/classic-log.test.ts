import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../src/base/log.js';
import { ClassicLog } from '../../src/history/classic-log.js';
import { localTimeText } from '../../src/history/python-text.js';
import type { DataType } from '../../src/protocol/data-types.js';
import { startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { shippedTables } from '../support/tables.js';

const PLENTY = 67_108_864;
/** When the clock of `setUp` starts, in the format of the log. */
const START = localTimeText(Date.UTC(2026, 0, 1));
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}/.source;

/** A log of a mesh whose time the test controls. */
async function setUp(t: ExecutionContext, { maxBytes = PLENTY, types = shippedTables.dataTypes.all() } = {}) {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const directory = join(folder.path, 'history_log');
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0 });
  const said: string[] = [];
  const log = createLog('history', (line) => said.push(line), mesh.clock);
  const classicLog = new ClassicLog({ directory, types, maxBytes, clock: mesh.clock, log });
  classicLog.attach(mesh.hub.feed);
  /** Lets a second pass, and waits until this many lines are settled, one way or the other. */
  const flush = async (lines: number) => {
    mesh.clock.advance(1000);
    const settled = () => classicLog.counters().written + classicLog.counters().dropped;
    while (settled() < lines) await nextTurn();
  };
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  return { directory, mesh, classicLog, said, flush, read };
}

test('there is a file per data type, and a line per value: its bytes as Python writes them, and local time', async (t) => {
  const { mesh, flush, read, directory } = await setUp(t);
  mesh.say('00 05 44 02 00 07 01 39 30 00 C7 CF FF');
  mesh.clock.advance(250);
  mesh.say('00 06 44 01 00 08');
  await flush(3);
  t.is(read('Sequence_hist.txt'), `b'\\x07', ${START}\nb'\\x08', ${START.replace('.000000', '.250000')}\n`);
  t.is(read('GPS_hist.txt'), `b'90\\x00\\xc7\\xcf\\xff', ${START}\n`);
  t.false(existsSync(join(directory, 'Battery_hist.txt')));
});

test('later lines are appended to existing ones, and nothing is written in between', async (t) => {
  const { mesh, flush, read, classicLog } = await setUp(t);
  mesh.say('00 05 44 01 00 01');
  await flush(1);
  mesh.say('00 05 44 01 00 02');
  mesh.clock.advance(999);
  await nextTurn();
  t.is(classicLog.counters().written, 1);
  await flush(2);
  t.is(read('Sequence_hist.txt').split('\n').length, 3);
});

test('pending lines are written at the end', async (t) => {
  const { mesh, classicLog, read } = await setUp(t);
  mesh.say('00 05 44 01 00 2A');
  await classicLog.close();
  t.is(read('Sequence_hist.txt'), `b'*', ${START}\n`);
  mesh.say('00 05 44 01 00 2B');
  mesh.clock.advance(5000);
  t.is(classicLog.counters().written, 1, 'it no longer listens');
});

test('a file that has reached its limit becomes .1, and the previous .1 is removed', async (t) => {
  const line = `b'\\x01', ${START}\n`.length;
  const { mesh, flush, read, classicLog } = await setUp(t, { maxBytes: 2 * line });
  for (let value = 1; value <= 7; value++) {
    mesh.say(`00 05 44 01 00 0${value}`);
    await flush(value);
  }
  t.regex(read('Sequence_hist.txt'), /^b'\\x07', .*\n$/);
  t.regex(read('Sequence_hist.txt.1'), /^b'\\x05', .*\nb'\\x06', .*\n$/);
  t.is(classicLog.counters().renamed, 3);
});

test('a disk failure is logged once and counted; the log continues when it works again', async (t) => {
  const { mesh, flush, read, said, classicLog, directory } = await setUp(t);
  writeFileSync(directory, 'a file where the directory should be');
  for (let value = 1; value <= 3; value++) {
    mesh.say(`00 05 44 01 00 0${value}`);
    await flush(value);
  }
  t.is(said.length, 1);
  t.regex(said[0] ?? '', /the classic log can not be written: .*history_log/);
  t.deepEqual(classicLog.counters(), { written: 0, dropped: 3, failures: 3, renamed: 0 });
  rmSync(directory);
  mesh.say('00 05 44 01 00 04');
  await flush(4);
  t.regex(said[1] ?? '', /is written again; 3 lines were not written/);
  t.regex(read('Sequence_hist.txt'), new RegExp(`^b'\\\\x04', ${TIME}\n$`));
});

test('a file that cannot be written does not affect the others', async (t) => {
  const { mesh, flush, read, directory } = await setUp(t);
  mkdirSync(join(directory, 'Sequence_hist.txt'), { recursive: true });
  mesh.say('00 05 44 02 00 07 01 39 30 00 C7 CF FF');
  await flush(2);
  t.regex(read('GPS_hist.txt'), /^b'90\\x00\\xc7\\xcf\\xff', /);
});

test('at most 8 MiB are queued: lines beyond are dropped and counted', async (t) => {
  const { flush, classicLog } = await setUp(t);
  const sequence = shippedTables.dataTypes.findByName('Sequence');
  if (!sequence) throw new Error('Sequence is gone');
  const value = { receivedAt: 1_767_225_600_000, bytes: Buffer.of(1) };
  const event = { kind: 'value' as const, seq: 1, at: value.receivedAt, node: 5, type: sequence, value };
  const amount = Math.ceil(8_388_608 / `b'\\x01', ${START}\n`.length) + 1000;
  classicLog.attach({
    subscribe: (listener) => {
      for (let count = 0; count < amount; count++) listener(event);
      return () => {};
    },
  });
  await flush(amount);
  const { written, dropped } = classicLog.counters();
  t.true(dropped > 900 && dropped < 1100, `${dropped} dropped`);
  t.is(written + dropped, amount);
});

const type = (more: Partial<DataType>): DataType => ({
  name: 'X',
  id: 200,
  length: 4,
  varying: false,
  fields: [],
  ...more,
});

test('a type whose name contains path separators stays in the directory', async (t) => {
  const types = [type({ name: '../evil', id: 0, length: 1 })];
  const { mesh, flush, read } = await setUp(t, { types });
  mesh.say('00 05 44 01 00 07');
  await flush(1);
  t.regex(read('___evil_0_hist.txt'), /^b'\\x07', /);
});

test('the gateway writes it where the setting says, without a store, and counts it', async (t) => {
  const folder = temporaryFolder();
  const directory = join(folder.path, 'log');
  const gateway = await startGateway({ settings: { history: { classic_log: directory } } });
  gateway.root.say('00 05 44 01 00 07');
  while (!gateway.hub.picture.findNode(5)) await nextTurn();
  await gateway.close();
  t.regex(readFileSync(join(directory, 'Sequence_hist.txt'), 'utf8'), new RegExp(`^b'\\\\x07', ${TIME}\n$`));
  folder.remove();
});
