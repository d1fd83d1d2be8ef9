import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createLog } from '../../../src/base/log.js';
import { formatDumpLine } from '../../../src/codecs/hev/dump.js';
import { CMD_TYPE, COMMAND_CODES, type CommandFamily } from '../../../src/codecs/hev/names.js';
import {
  decodePayload,
  describePayload,
  encodePayload,
  type Payload,
} from '../../../src/codecs/hev/payload.js';
import { COMMANDS, payloadOf } from '../../../src/devices/hev/commands.js';
import { DumpRecorder } from '../../../src/devices/hev/dump-recorder.js';
import { HevEmulator } from '../../../src/devices/hev/emulator.js';
import { readDump } from '../../../src/devices/hev/read-dump.js';
import { SerialSession } from '../../../src/devices/hev/serial-session.js';
import { TYPES } from '../../../src/devices/hev/types.js';
import { decodeValue } from '../../../src/protocol/data-types.js';
import { ManualClock } from '../../support/manual-clock.js';

/** An emulator with a host at the other end of a perfect line. */
class Bench {
  readonly clock = new ManualClock();
  readonly payloads: { readonly at: number; readonly payload: Payload; readonly address: string }[] = [];
  readonly host: SerialSession;
  readonly emulator: HevEmulator;

  constructor(dump?: readonly Payload[]) {
    const { clock } = this;
    const random = () => 0.5;
    this.emulator = new HevEmulator({ clock, random, dump, write: (bytes) => this.host.push(bytes) });
    this.host = new SerialSession({
      clock,
      write: (bytes) => this.emulator.push(bytes),
      onPayload: (bytes, address) => {
        const payload = decodePayload(bytes);
        if (typeof payload !== 'string') this.payloads.push({ at: clock.monotonic(), payload, address });
      },
    });
    this.emulator.start();
  }

  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) this.clock.advance(10);
  }

  command(family: CommandFamily, name: string, param = 0): void {
    const values = { cmd_type: CMD_TYPE[family], cmd_code: COMMAND_CODES[family]?.[name] ?? 0, param };
    this.host.send('command', encodePayload('CMD', values));
  }

  of(type: string) {
    return this.payloads.filter(({ payload }) => payload.type === type);
  }

  last(type: string) {
    const found = this.of(type).at(-1);
    if (!found) throw new Error(`no ${type}`);
    return describePayload(found.payload);
  }
}

test('the model sends each type in its period', (t) => {
  const bench = new Bench();
  bench.run(12_400);
  const count = (type: string) => bench.of(type).length;
  t.true(Math.abs(count('DATA') - 620) <= 1);
  t.is(count('READBACK'), 41);
  t.is(count('DEBUG'), 40);
  t.is(count('CYCLE'), 12);
  t.is(count('IVT'), 6);
  t.is(count('PERSONAL'), 4);
  t.is(bench.of('READBACK')[0]?.address, 'command');
  t.is(bench.last('DATA').fsm_state, 'IDLE');
});

test('START leads through calibration and filling to breaths, and STOP ends them', (t) => {
  const bench = new Bench();
  bench.command('GENERAL', 'START');
  bench.run(12_000);
  const states = [...new Set(bench.of('DATA').map(({ payload }) => describePayload(payload).fsm_state))];
  t.deepEqual(states.slice(-8), [
    'PRE_CALIBRATION',
    'CALIBRATION',
    'BUFF_PREFILL',
    'BUFF_FILL',
    'BUFF_PRE_INHALE',
    'INHALE',
    'PAUSE',
    'EXHALE',
  ]);
  const volumes = bench.of('DATA').map(({ payload }) => Number(payload.values.volume));
  t.true(Math.max(...volumes) > 100);
  bench.command('GENERAL', 'STOP');
  bench.run(100);
  t.is(bench.last('DATA').fsm_state, 'STOP');
});

test('settings are read back, thresholds are answered, and particulars are repeated', (t) => {
  const bench = new Bench();
  bench.command('SET_DURATION', 'INHALE', 1111);
  bench.command('SET_PID', 'KP', 0.5);
  bench.command('SET_VALVE', 'AIR_IN_ENABLE', 0);
  bench.command('SET_MODE', 'CPAP');
  bench.command('SET_TARGET_PC_AC', 'RESPIRATORY_RATE', 22);
  bench.command('SET_THRESHOLD_MIN', 'LOW_VTE', 7);
  bench.command('GET_THRESHOLD_MIN', 'LOW_VTE');
  bench.host.send('data', encodePayload('PERSONAL', { name: 'Ludmila Žák', age: 7 }));
  bench.run(3100);
  t.like(bench.last('READBACK'), {
    duration_inhale: 1111,
    kp: 0.5,
    valve_air_in_enable: 0,
    ventilation_mode: 'CPAP',
  });
  t.like(bench.last('TARGET'), { mode: 'CPAP', respiratory_rate: 22 });
  t.like(bench.last('CMD'), { cmd_type: 'GET_THRESHOLD_MIN', cmd_code: 'LOW_VTE', param: 7 });
  t.like(bench.last('PERSONAL'), { name: 'Ludmila Žák', age: 7 });
});

test('parameters that do not fit are held to their limits, and do not end the model', (t) => {
  const bench = new Bench();
  for (const param of [Number.NaN, Number.POSITIVE_INFINITY, -1e30, 1e30])
    for (const family of Object.keys(COMMAND_CODES) as CommandFamily[])
      for (const name of Object.keys(COMMAND_CODES[family] ?? {})) {
        bench.command(family, name, param);
        bench.run(30);
      }
  const before = bench.of('DATA').length;
  bench.run(1000);
  t.true(bench.of('DATA').length >= before + 50);
});

const line = (timestamp: number, flow: number) => formatDumpLine(encodePayload('DATA', { flow }, timestamp));

test('a dump is played with its pauses, every line of it, for ever', (t) => {
  const bench = new Bench(readDump(line(1000, 1) + line(1050, 2) + line(1040, 3) + line(1140, 4)));
  bench.run(460);
  const played = bench.of('DATA').map(({ payload }) => [payload.values.flow, payload.timestamp]);
  t.deepEqual(played.slice(0, 9), [
    [1, 1000],
    [2, 1050],
    [3, 1040],
    [4, 1140],
    [1, 1150],
    [2, 1200],
    [3, 1190],
    [4, 1290],
    [1, 1300],
  ]);
});

test('a dump of one instant is played at the pace of the line, and none is lost', (t) => {
  const lines = Array.from({ length: 100 }, (_, index) => line(5, index)).join('');
  const bench = new Bench(readDump(lines));
  bench.run(1500);
  const flows = bench.of('DATA').map(({ payload }) => payload.values.flow);
  t.deepEqual(
    flows.slice(0, 100),
    Array.from({ length: 100 }, (_, index) => index),
  );
});

for (const [what, text, message] of [
  ['an empty file', '', /no payload/],
  ['a line of another form', `${line(1, 1)}hello\n`, /^line 2 is not of the form/],
  ['another version', "b'b56400000001'\n", /^line 1: another version/],
  ['another length', `${line(1, 1)}b'b66400000001'\n`, /^line 2: not the length/],
] as const) {
  test(`a dump with ${what} is refused with the number of its line`, (t) => {
    t.throws(() => readDump(text), { message });
  });
}

test('a recording continues a file, cuts an unfinished line, stops when full, and can be played', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-hev-'));
  const path = join(directory, 'a.dump');
  writeFileSync(path, `${line(1, 1)}b'b6`);
  const log = createLog('hev', () => {}, new ManualClock());
  const recorder = new DumpRecorder(path, 3, { log, clock: new ManualClock() });
  await recorder.start();
  for (const flow of [2, 3, 4, 5]) recorder.add(encodePayload('DATA', { flow }, flow));
  await recorder.stop();
  for (let count = 0; count < 100 && readFileSync(path, 'utf8').split('\n').length < 4; count++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(
    readDump(readFileSync(path, 'latin1')).map(({ values }) => values.flow),
    [1, 2, 3],
  );
  t.is(recorder.counters().recorded, 2);
  rmSync(directory, { recursive: true });
});

test('a file that is not a dump is left alone', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-hev-'));
  const path = join(directory, 'letter.txt');
  writeFileSync(path, 'Dear Sir');
  const log = createLog('hev', () => {}, new ManualClock());
  const recorder = new DumpRecorder(path, 3, { log, clock: new ManualClock() });
  await recorder.start();
  recorder.add(encodePayload('DATA', {}));
  await recorder.stop();
  t.is(readFileSync(path, 'utf8'), 'Dear Sir');
  t.is(recorder.counters().recordFailures, 1);
  rmSync(directory, { recursive: true });
});

test('every command has a payload, and every choice its number', (t) => {
  for (const { name, arguments: expected } of COMMANDS) {
    for (const code of expected.find((argument) => argument.name === 'code')?.choices ?? []) {
      const outgoing = payloadOf(name, { code, param: 1.5 });
      const payload = outgoing && decodePayload(outgoing.bytes);
      t.like(typeof payload === 'object' && describePayload(payload), { cmd_code: code, param: 1.5 });
    }
  }
  t.is(payloadOf('personal', { name: 'x', age: 5 })?.address, 'data');
  t.is(payloadOf('foo', {}), undefined);
});

test('a value of the hub is the whole payload: names, units and texts', (t) => {
  const data = decodeValue(TYPES.DATA, encodePayload('DATA', { fsm_state: 7, flow: 1.5 }, 5020));
  t.deepEqual(data.fsm_state, { value: 7, name: 'INHALE' });
  t.deepEqual(data.timestamp, { value: 5020, unit: 'ms' });
  t.is(data.flow?.value, 1.5);
  const readback = decodeValue(TYPES.READBACK, encodePayload('READBACK', { duration_inhale: 9 }));
  t.deepEqual(readback.duration_inhale, { value: 9, unit: 'ms' });
  const personal = decodeValue(TYPES.PERSONAL, encodePayload('PERSONAL', { name: 'Lung' }));
  t.is(personal.name?.value, 'Lung');
});
