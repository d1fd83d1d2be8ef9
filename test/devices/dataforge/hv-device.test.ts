import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../../src/base/log.js';
import { encodeEnvelope } from '../../../src/codecs/dataforge/envelope.js';
import { EnvelopeReader } from '../../../src/codecs/dataforge/envelope-reader.js';
import { DailyFiles } from '../../../src/devices/dataforge/daily-files.js';
import { HV_ADDRESS } from '../../../src/devices/dataforge/hv-types.js';
import { dataforge } from '../../../src/devices/dataforge/index.js';
import { parseTemplate } from '../../../src/protocol/message-template.js';
import { type FakeLink, FakePort } from '../../support/fake-link.js';
import { HvFixture, sectionOf } from '../../support/hv-fixture.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { NetworkFixture } from '../../support/network-fixture.js';

const VIRTUAL = { device: 'virtual', noise: 0 };

test('the virtual supply ramps by 200 V a second, and is read every 4 s', async (t) => {
  const hv = await HvFixture.start(VIRTUAL);
  const { id } = await hv.command('set_voltage', { voltage: 1000 });
  t.is(hv.delivery(id).stage, 'accepted');
  await hv.pass(1900);
  t.is(hv.delivery(id).stage, 'accepted');
  await hv.pass(100);
  t.is(hv.delivery(id).stage, 'completed');
  t.deepEqual(hv.delivery(id).result, { status: 'ok' });
  await hv.pass(6000);
  t.deepEqual(hv.reported('HvVoltage'), [800, 1000]);
  t.deepEqual(hv.reported('HvSetpoint'), [1000]);
  t.is(hv.hub.picture.addressOf('hv:1'), HV_ADDRESS);
});

test('the noise is uniform, and of both signs', async (t) => {
  const hv = await HvFixture.start({ device: 'virtual', noise: 0.5 });
  await hv.pass(8000);
  t.deepEqual(hv.reported('HvVoltage'), [0, 0]);
});

test('a check looks 2 s after, then each second, and gives the signed error', async (t) => {
  const hv = await HvFixture.start(VIRTUAL);
  const check = { voltage: 1000, max_error: 300, timeout: 20 };
  const { id } = await hv.command('set_voltage_and_check', check);
  await hv.pass(3900);
  t.is(hv.delivery(id).stage, 'progress');
  await hv.pass(200);
  t.deepEqual(hv.delivery(id).result, { status: 'ok', voltage: 800, error: -200 });
});

test('a check whose time is over says so, and the set point stays', async (t) => {
  const hv = await HvFixture.start(VIRTUAL);
  const { id } = await hv.command('set_voltage_and_check', { voltage: 5000, max_error: 1, timeout: 3 });
  await hv.pass(4900);
  t.is(hv.delivery(id).stage, 'progress');
  await hv.pass(200);
  t.like(hv.delivery(id).result, { status: 'timeout' });
  await hv.pass(30_000);
  t.is(hv.reported('HvVoltage').at(-1), 5000);
});

test('one command at a time, whoever gives it', async (t) => {
  const hv = await HvFixture.start(VIRTUAL);
  const first = await hv.command('set_voltage', { voltage: 10 }, 'page');
  const second = await hv.command('set_voltage', { voltage: 20 }, 'mqtt');
  t.like(second, { stage: 'failed', failure: 'deviceBusy', detail: 'HV server is busy' });
  await hv.pass(2000);
  t.is(hv.delivery(first.id).stage, 'completed');
  t.is((await hv.command('set_voltage', { voltage: 20 })).stage, 'accepted');
  t.like(hv.counters(), { commands: 2, busy: 1 });
});

test('a voltage beyond max_voltage is refused, also where the arguments were not checked', async (t) => {
  const hv = await HvFixture.start({ ...VIRTUAL, max_voltage: 1500 });
  const commands = hv.hub.picture.findDevice(HV_ADDRESS)?.commands ?? [];
  t.deepEqual(
    commands.map(({ name, isHazardous, arguments: [voltage] }) => [
      name,
      isHazardous,
      voltage?.min,
      voltage?.max,
    ]),
    [
      ['set_voltage', true, -1500, 1500],
      ['set_voltage_and_check', true, -1500, 1500],
    ],
  );
  for (const voltage of [1500.1, -1501, Number.NaN]) {
    t.like(await hv.command('set_voltage', { voltage }), { stage: 'failed', failure: 'rejectedByDevice' });
  }
  t.deepEqual(hv.reported('HvSetpoint'), []);
  t.like(hv.counters(), { commands: 0, overVoltage: 3 });
});

test('a check can be aborted: the supply is free again, and the set point stays', async (t) => {
  const hv = await HvFixture.start(VIRTUAL);
  const { id } = await hv.command('set_voltage_and_check', { voltage: 900, max_error: 0, timeout: 600 });
  await hv.pass(3000);
  hv.hub.commands.abort(id);
  await settled();
  t.is(hv.delivery(id).stage, 'aborted');
  t.is((await hv.command('set_voltage', { voltage: 20 })).stage, 'accepted');
  t.deepEqual(hv.reported('HvSetpoint'), [900, 20]);
});

test('hardware without max_voltage does not start, and says why', async (t) => {
  for (const device of ['scpi', 'tcp:127.0.0.1:5555', 'node:5']) {
    await t.throwsAsync(HvFixture.start({ device }), {
      message:
        /^dataforge\.max_voltage: is required with device = ".+", because that drives real high voltage/,
      code: 'BAD_CONFIG',
    });
  }
});

test('settings that cannot work together do not start', async (t) => {
  const refused = (settings: object, about: RegExp) =>
    t.throwsAsync(HvFixture.start({ max_voltage: 100, ...settings }), { message: about, code: 'BAD_CONFIG' });
  await refused({ device: 'scpi' }, /^dataforge\.meter: is required/);
  await refused({ device: 'scpi', meter: 'tcp:a:5025' }, /^dataforge\.calibrator: is required/);
  await refused({ device: 'node:5' }, /^dataforge\.node_set: /);
  await refused(
    { device: 'node:5', node_set: '30 {f32le}', node_value: 'Battery.amps' },
    /^dataforge\.node_value: /,
  );
});

test('there is a supply only where it is configured', async (t) => {
  const { hub, clock } = await NetworkFixture.up({ refreshEveryMs: 0 });
  const noPort = async () => Promise.reject();
  const links = { serial: () => noPort, tcp: () => noPort, record: <Link>(link: Link) => link };
  const log = createLog('dataforge', () => {}, clock);
  const options = { hub, clock, log, links, stateDirectory: undefined, random: () => 0 };
  for (const settings of [{}, { mode: 'mesh' }])
    t.is(await dataforge.create(sectionOf(settings), options), undefined);
  t.is((await dataforge.create(sectionOf({ mode: 'strict' }), options))?.length, 1);
});

interface Instruments {
  readonly hv: HvFixture;
  readonly meter: FakeLink;
  readonly calibrator: FakeLink;
  readonly ports: { readonly meter: FakePort; readonly calibrator: FakePort };
  answer(text: string): Promise<void>;
}

async function startScpi(): Promise<Instruments> {
  const clock = new ManualClock();
  const ports = { meter: new FakePort(clock), calibrator: new FakePort(clock) };
  const hv = await HvFixture.start(
    {
      device: 'scpi',
      max_voltage: 3000,
      meter: 'tcp:127.0.0.1:5025',
      calibrator: 'tcp:127.0.0.1:5026',
    },
    (name) => (name === 'hv-meter' ? ports.meter.open : ports.calibrator.open),
  );
  const meter = ports.meter.attempts[0]?.succeed() as FakeLink;
  const calibrator = ports.calibrator.attempts[0]?.succeed() as FakeLink;
  await settled();
  const answer = async (text: string) => {
    ports.meter.attempts[0]?.handlers.onBytes(Buffer.from(text));
    await settled();
  };
  return { hv, meter, calibrator, ports, answer };
}

const written = (link: FakeLink) => link.writes.map(({ bytes }) => bytes.toString());

test('a voltmeter and a calibrator are the supply', async (t) => {
  const { hv, meter, calibrator, answer } = await startScpi();
  t.is((await hv.command('set_voltage', { voltage: 1 })).failure, 'noLink');
  await hv.pass(5000);
  t.deepEqual(written(meter), [
    '*RST\n',
    'CONF:VOLT:DC 10,0.00001\n',
    'DET:BAND 3\n',
    'INP:IMP:AUTO ON\n',
    'VOLT:NPLC 100\n',
  ]);
  t.deepEqual(written(calibrator), ['OPER\n']);
  const { id } = await hv.command('set_voltage', { voltage: 1000 });
  t.is(written(calibrator).at(-1), 'OUT 0.2853122 V\n');
  await hv.pass(4000);
  t.is(hv.delivery(id).stage, 'completed');
  t.is(written(meter).at(-1), 'READ?\n');
  await answer('noise\n');
  await answer('-2.46');
  await answer('9E-01\r\n');
  t.true(Math.abs((hv.reported('HvVoltage')[0] ?? 0) - 1000.105) < 0.001);
  t.is(hv.counters().badAnswers, 1);
});

test('the output of the calibrator is held to 0 … 10 V', async (t) => {
  const { hv, calibrator } = await startScpi();
  await hv.pass(5000);
  await hv.command('set_voltage', { voltage: -100 });
  t.is(written(calibrator).at(-1), 'OUT 0.0000000 V\n');
});

test('a check on instruments does not count a reading that began before', async (t) => {
  const { hv, answer, meter } = await startScpi();
  await hv.pass(9000);
  t.is(written(meter).at(-1), 'READ?\n');
  const { id } = await hv.command('set_voltage_and_check', { voltage: 0, max_error: 5, timeout: 60 });
  await answer('0.0\n');
  await hv.pass(3000);
  t.is(hv.delivery(id).progress?.text, 'no reading yet');
  await hv.pass(2000);
  await answer('-0.001\n');
  await hv.pass(1000);
  t.like(hv.delivery(id).result, { status: 'ok' });
});

test('a lost instrument raises LINK_LOST, and fails the command', async (t) => {
  const { hv, ports } = await startScpi();
  await hv.pass(5000);
  const { id } = await hv.command('set_voltage', { voltage: 5 });
  ports.calibrator.attempts[0]?.handlers.onClosed('closedByPeer', 'gone');
  await settled();
  t.is(hv.delivery(id).failure, 'linkLost');
  t.true(hv.hub.alarms.open().some(({ id: alarm }) => alarm === 'LINK_LOST:hv'));
});

test('a voltmeter that does not answer is opened again', async (t) => {
  const { hv, ports } = await startScpi();
  await hv.pass(5000 + 4000 + 15_000);
  t.is(ports.meter.attempts.length, 2);
  t.is(hv.counters().readTimeouts, 1);
});

interface OtherServer {
  readonly hv: HvFixture;
  readonly link: FakeLink;
  say(meta: object): Promise<void>;
  commands(): unknown[];
  readonly port: FakePort;
}

async function startClient(t: ExecutionContext): Promise<OtherServer> {
  const port = new FakePort(new ManualClock());
  const hv = await HvFixture.start({ device: 'tcp:127.0.0.1:5555', max_voltage: 3000 }, () => port.open);
  const link = port.attempts[0]?.succeed() as FakeLink;
  await settled();
  const say = async (meta: object) => {
    port.attempts.at(-1)?.handlers.onBytes(encodeEnvelope({ meta }, { form: 'tagged', at: 0 }));
    await settled();
  };
  const commands = () => {
    const reader = new EnvelopeReader({ maxMeta: 10_000, maxData: 0 });
    return link.writes
      .flatMap(({ bytes }) => reader.push(bytes))
      .map((received) => ('envelope' in received ? received.envelope.meta : t.fail()));
  };
  return { hv, link, say, commands, port };
}

const READING = { type: 'answer', answer_type: 'get_voltage', block: 1, voltage: 12.5 };
const BUSY = { type: 'reply', reply_type: 'error', error_code: 8, error_text_code: 'SERVER_BUSY_ERROR' };
const DONE = { type: 'answer', answer_type: 'set_voltage', block: '1', status: 'ok' };

test('another server: its readings are ours, and a busy one gets the same bytes again after 5 s', async (t) => {
  const { hv, link, say, commands } = await startClient(t);
  t.is((await hv.command('set_voltage', { voltage: 1 })).failure, 'noLink');
  await say(READING);
  t.deepEqual(hv.reported('HvVoltage'), [12.5]);
  const { id } = await hv.command('set_voltage', { voltage: 700 });
  t.like(commands()[0], { type: 'command', command_type: 'set_voltage', block: '1', voltage: 700 });
  await say({ ...DONE, id: 'of another' });
  await say(BUSY);
  await hv.pass(4900);
  t.is(link.writes.length, 1);
  await hv.pass(200);
  t.is(link.writes.length, 2);
  t.true(link.writes[0]?.bytes.equals(link.writes[1]?.bytes as Buffer));
  t.is(hv.delivery(id).progress?.text, 'the other server is busy');
  await say(DONE);
  await hv.pass(100);
  t.is(hv.delivery(id).stage, 'completed');
});

test('another server: its refusal is told, and its silence fails the command', async (t) => {
  const { hv, say } = await startClient(t);
  await say(READING);
  const refused = await hv.command('set_voltage', { voltage: 700 });
  await say({ ...BUSY, error_code: 9, description: 'too high' });
  t.like(hv.delivery(refused.id), { failure: 'rejectedByDevice', detail: 'too high' });
  const silent = await hv.command('set_voltage', { voltage: 700 });
  await hv.pass(10_000);
  t.is(hv.delivery(silent.id).failure, 'deviceFault');
});

test('another server: a lost connection is opened again, and so is one that sends nonsense', async (t) => {
  const { hv, say, port } = await startClient(t);
  await say(READING);
  port.attempts[0]?.handlers.onClosed('closedByPeer', 'gone');
  await settled();
  t.is((await hv.command('set_voltage', { voltage: 1 })).failure, 'noLink');
  await hv.pass(1000);
  t.is(port.attempts.length, 2);
  port.attempts[1]?.succeed();
  await settled();
  port.attempts[1]?.handlers.onBytes(
    Buffer.from('2321000140000000000000010000ffffffff000000000000000021230d0a', 'hex'),
  );
  await hv.pass(1000);
  t.is(port.attempts.length, 3);
});

test('a node of the mesh is the supply', async (t) => {
  const hv = await HvFixture.start({
    device: 'node:0x0005',
    max_voltage: 100,
    node_set: '30 {f32le}',
    node_value: 'Battery.voltage',
  });
  const { id } = await hv.command('set_voltage', { voltage: 12.5 });
  await hv.pass(2000);
  t.is(hv.mesh.bodies.at(-1)?.toString('hex'), `${Buffer.from('SENDI').toString('hex')}00053000004841`);
  t.is(hv.delivery(id).stage, 'completed');
  const battery = hv.hub.tables.dataTypes.findByName('Battery');
  const dataId = (battery?.id ?? 0).toString(16).padStart(2, '0').toUpperCase();
  hv.mesh.say(`00 05 44 01 ${dataId} D4 30`);
  await settled();
  t.deepEqual(hv.reported('HvVoltage'), [12.5]);
});

test('templates are hex with one placeholder', (t) => {
  const hex = (text: string, value: number) => parseTemplate(text)?.(value)?.toString('hex');
  t.is(hex('30 {f32le}', 1), '300000803f');
  t.is(hex('{u16be} 0a', 258), '01020a');
  t.is(hex('{i16le}', -2), 'feff');
  for (const wrong of ['', '30', '30 {f32le} {u8}', '3 {u8}', '{f16}', '}u8{', '{u8', '{toString}'])
    t.is(parseTemplate(wrong), undefined, wrong);
  for (const value of [256, -1, Number.NaN]) t.is(parseTemplate('{u8}')?.(value), undefined, String(value));
});

test('readings are kept by day', async (t) => {
  const directory = join(mkdtempSync(join(tmpdir(), 'hv-')), 'HV');
  const files = new DailyFiles(
    directory,
    true,
    createLog('dataforge', () => {}, new ManualClock()),
  );
  files.add(Date.UTC(2026, 10, 29, 23, 59, 59), 1000.5);
  files.add(Date.UTC(2026, 10, 30), 1001);
  files.add(Date.UTC(2026, 10, 30, 0, 0, 4), 1002);
  await files.close();
  t.deepEqual(readdirSync(directory).sort(), ['26-11-29-virtual.tsv', '26-11-30-virtual.tsv']);
  t.is(
    readFileSync(join(directory, '26-11-30-virtual.tsv'), 'utf8'),
    'timestamp\tHV\n2026-11-30T00:00:00.000Z\t1001\n2026-11-30T00:00:04.000Z\t1002\n',
  );
  const again = new DailyFiles(
    directory,
    true,
    createLog('dataforge', () => {}, new ManualClock()),
  );
  again.add(Date.UTC(2026, 10, 30, 0, 0, 8), 1003);
  await again.close();
  t.is(readFileSync(join(directory, '26-11-30-virtual.tsv'), 'utf8').match(/HV/g)?.length, 1);
});

test('a directory that cannot be written is counted and logged', async (t) => {
  const lines: string[] = [];
  const clock = new ManualClock();
  const file = join(mkdtempSync(join(tmpdir(), 'hv-')), 'file');
  writeFileSync(file, '');
  const log = createLog('dataforge', (line) => lines.push(line), clock);
  const files = new DailyFiles(join(file, 'hv'), false, log);
  files.add(0, 1);
  await files.close();
  t.deepEqual(files.counters(), { written: 0, dropped: 0, failed: 1 });
  t.regex(lines[0] ?? '', /can't write .*\/file\/hv\/70-01-01\.tsv/);
});
