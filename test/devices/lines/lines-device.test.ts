import test from 'ava';
import { InstrumentFixture } from '../../support/instrument-fixture.js';

const HEAD = '[[device]]\nid = "dmm"\nkind = "lines"\nport = "/dev/ttyS9"\n';

const METER = `${HEAD}
[[device.poll]]
send = "*IDN?"
type = "Identity"
regex = '^(?<maker>[^,]+),(?<model>[^,]+),'
fields = { maker = { type = "text" }, model = { type = "text" } }

[[device.poll]]
send = "MEAS:VOLT?"
every_s = 2
type = "Voltage"
regex = '^(?<voltage>[-+.\\dE]+)$'
fields = { voltage = { unit = "V", max = 1000 } }
samples = [{ line = "+1.250E+00", fields = { voltage = 1.25 } }]
`;

const voltage = (value: number) => ({ voltage: { value, unit: 'V' } });

test('a multimeter is polled: one line under way at a time, each reply in its own data type', async (t) => {
  const meter = await InstrumentFixture.open(METER);
  t.deepEqual(meter.sent, ['*IDN?\n']);
  await meter.say('ACME,DM-1,123,1.0\r\n');
  t.deepEqual(meter.latest('Identity'), { maker: { value: 'ACME' }, model: { value: 'DM-1' } });
  t.deepEqual(meter.sent, ['*IDN?\n', 'MEAS:VOLT?\n']);
  await meter.say('+1.2');
  await meter.say('50E+00\n');
  t.deepEqual(meter.latest('Voltage'), voltage(1.25));
  t.is(meter.status, 'active');
  await meter.pass(2000);
  t.is(meter.sent.length, 3);
  await meter.say('-2\n');
  t.deepEqual(meter.latest('Voltage'), voltage(-2));
  t.like(meter.counters, { lines: 3, values: 3, sent: 3, repliesMissing: 0, linesUnmatched: 0 });
});

test('a missing reply is counted, and a late one is not taken for the reply to the next poll', async (t) => {
  const meter = await InstrumentFixture.open(
    `${METER}[[device.poll]]\nsend = "MEAS:CURR?"\nevery_s = 2\ntype = "Current"\nregex = '^(?<current>[-+.\\dE]+)$'\n`,
  );
  await meter.say('ACME,DM-1,1\n');
  await meter.pass(1000);
  t.is(meter.counters.repliesMissing, 1);
  t.deepEqual(meter.sent, ['*IDN?\n', 'MEAS:VOLT?\n']);
  await meter.say('7\n');
  t.deepEqual(meter.latest('Voltage'), voltage(7));
  t.is(meter.latest('Current'), undefined);
  t.is(meter.counters.repliesLate, 1);
  t.deepEqual(meter.sent.at(-1), 'MEAS:CURR?\n');
  await meter.say('8\n');
  t.deepEqual(meter.latest('Current'), { current: { value: 8 } });
});

test('a poll that has not ended is not sent twice', async (t) => {
  const meter = await InstrumentFixture.open(METER.replace('every_s = 2', 'every_s = 2\ntimeout_ms = 5000'));
  await meter.say('ACME,DM-1,1\n');
  await meter.pass(8000);
  t.is(meter.sent.length, 2);
  t.is(meter.counters.pollsSkipped, 4);
});

test('without replies the device is silent, with an alarm that ends when it is heard', async (t) => {
  const meter = await InstrumentFixture.open(METER);
  t.is(meter.status, 'unknown');
  await meter.pass(10_000);
  t.deepEqual(meter.alarms, ['DEVICE_ALARM:dmm:SILENT']);
  await meter.say('ACME,DM-1,1\n');
  await meter.say('1\n');
  t.deepEqual(meter.alarms, ['DEVICE_ALARM:dmm:SILENT (over)']);
});

test('a silent TCP peer is connected to again; a serial port stays open', async (t) => {
  for (const [port, attempts] of [
    ['/dev/ttyS9', 1],
    ['tcp:127.0.0.1:5025', 2],
  ] as const) {
    const meter = await InstrumentFixture.open(METER.replace('/dev/ttyS9', port));
    await meter.pass(31_000);
    t.is(meter.port.attempts.length, attempts, port);
  }
});

test('garbage is counted, bounded and an alarm, and good lines are read again after it', async (t) => {
  const meter = await InstrumentFixture.open(METER);
  for (let line = 0; line < 20; line++) await meter.say('\u{fffd}xx\u0001\n');
  t.deepEqual(meter.alarms, ['DEVICE_ALARM:dmm:UNREADABLE']);
  await meter.say('x'.repeat(100_000));
  await meter.say(`${'x'.repeat(100_000)}\nACME,DM-1,1\n`);
  t.like(meter.counters, { linesUnmatched: 20, linesTooLong: 1 });
  t.deepEqual(meter.alarms, ['DEVICE_ALARM:dmm:UNREADABLE (over)']);
});

test('of a flood, max_rate lines a second are read, and the others are counted', async (t) => {
  const meter = await InstrumentFixture.open(METER.replace('/dev/ttyS9"', '/dev/ttyS9"\nmax_rate = 10'));
  await meter.say('1\n'.repeat(1000));
  t.like(meter.counters, { lines: 10, linesDropped: 990 });
  await meter.pass(1000);
  await meter.say('1\n'.repeat(1000));
  t.like(meter.counters, { lines: 20 });
});

test('a lost link is an alarm, and polling starts over when it is back', async (t) => {
  const meter = await InstrumentFixture.open(METER);
  await meter.say('ACME,DM-1,1\n');
  await meter.lose();
  t.is(meter.status, 'unknown');
  t.deepEqual(meter.alarms, ['LINK_LOST:dmm']);
  await meter.pass(20_000);
  await meter.connect();
  t.deepEqual(meter.sent, ['*IDN?\n']);
  await meter.say('ACME,DM-1,1\n');
  t.deepEqual(meter.alarms, ['LINK_LOST:dmm (over)']);
  t.is(meter.counters.linkLosses, 1);
});

const STATION = `${HEAD}
[[device.message]]
type = "Weather"
columns = ["time", "t", "rh", "-", "wind state"]
header = true
[device.message.fields]
measured = { from = "time", type = "time" }
temperature = { from = "t", unit = "°C", scale = 0.1, min = -500, max = 600 }
humidity = { from = "rh", unit = "%" }
wind = { from = "wind state", type = "integer", names = { 0 = "CALM", 1 = "STORM" } }

[[device.message]]
type = "Status"
prefix = "$ST,"
key_value = true
fields = { battery = { from = "B", unit = "V" }, door = { from = "D", type = "boolean" } }

[[device.message]]
type = "Soil"
json = true
fields = { moisture = { from = "soil.0.m" }, probe = { from = "id", type = "text" } }
`;

test('a weather station prints CSV, keys and JSON, each line in the type that it matches', async (t) => {
  const station = await InstrumentFixture.open(STATION);
  t.is(station.status, 'unheard');
  await station.say('2026-01-01T00:00:00Z, 215, 40,x,1\n');
  t.deepEqual(station.latest('Weather'), {
    temperature: { value: 21.5, unit: '°C' },
    humidity: { value: 40, unit: '%' },
    wind: { value: 1, name: 'STORM' },
  });
  const event = station.events().find(({ kind }) => kind === 'value');
  t.like(event, { device: 'dmm', value: { deviceTime: Date.UTC(2026, 0, 1) } });
  await station.say('rh,t,time,-,wind state\n41,9999,1767225601,x,7\n');
  await station.pass(1000);
  t.deepEqual(station.latest('Weather'), { humidity: { value: 41, unit: '%' }, wind: { value: 7 } });
  t.is(station.counters.fieldsInvalid, 1);
  await station.say('$ST,B=12.5,D=on\n{"id":"p1","soil":[{"m":0.5}]}\n');
  t.deepEqual(station.latest('Status'), {
    battery: { value: 12.5, unit: 'V' },
    door: { value: 1, name: 'on' },
  });
  t.deepEqual(station.latest('Soil'), { moisture: { value: 0.5 }, probe: { value: 'p1' } });
});

const SUPPLY = `${HEAD}
error = '^ERR'
init = ["SYST:REM", "OUTP ON"]
[[device.command]]
name = "set-voltage"
send = "VOLT {voltage:3}"
reply = '^OK (?<set>\\S+)$'
hazardous = true
arguments = [{ name = "voltage", unit = "V", min = 0, max = 30 }]
[[device.command]]
name = "say"
send = ["DISP ON", "DISP {{{words}}"]
arguments = [{ name = "words", type = "text", max = 20 }]
[[device.alarm]]
regex = '^FAULT (?<code>\\d+) (?<text>.*)$'
priority = "high"
clear = '^CLEAR (?<code>\\d+)$'
[[device.alarm]]
regex = '^!'
code = "NOTE"
`;

test('a command is accepted when it is sent, and completed by its reply, whose groups are the result', async (t) => {
  const supply = await InstrumentFixture.open(SUPPLY);
  t.deepEqual(supply.sent, ['SYST:REM\n', 'OUTP ON\n']);
  const id = await supply.command('set-voltage', { voltage: 12.5 });
  t.is(supply.sent.at(-1), 'VOLT 12.500\n');
  t.deepEqual(supply.stages(id), ['queued', 'accepted']);
  await supply.say('OK 12.500\n');
  t.deepEqual(supply.stages(id), ['queued', 'accepted', 'completed']);
  t.deepEqual(supply.mesh.hub.commands.findDelivery(id)?.result, { set: '12.500' });
});

test('an error reply fails a command with the words of the device, and so does no reply', async (t) => {
  const supply = await InstrumentFixture.open(SUPPLY);
  const rejected = await supply.command('set-voltage', { voltage: 1 });
  await supply.say('ERR 7 locked\n');
  t.like(supply.mesh.hub.commands.findDelivery(rejected), {
    stage: 'failed',
    failure: 'rejectedByDevice',
    detail: 'ERR 7 locked',
  });
  const silent = await supply.command('set-voltage', { voltage: 2 });
  await supply.pass(2000);
  t.like(supply.mesh.hub.commands.findDelivery(silent), { stage: 'failed', failure: 'timedOut' });
});

test('a command without a reply is complete when it is written, and no argument can end the line', async (t) => {
  const supply = await InstrumentFixture.open(SUPPLY);
  const id = await supply.command('say', { words: 'hello' });
  t.deepEqual(supply.sent.slice(-2), ['DISP ON\n', 'DISP {hello}\n']);
  t.deepEqual(supply.stages(id), ['queued', 'accepted', 'completed']);
  const bad = await supply.command('say', { words: 'a\nOUTP OFF' });
  t.is(supply.sent.at(-1), 'DISP {hello}\n');
  t.like(supply.mesh.hub.commands.findDelivery(bad), { stage: 'failed', failure: 'rejectedByDevice' });
});

test('a command that was not sent in time is never sent', async (t) => {
  const meter = await InstrumentFixture.open(
    `${METER.replace('every_s = 2', 'every_s = 2\ntimeout_ms = 6000')}[[device.command]]\nname = "zero"\nsend = "ZERO"\n`,
  );
  await meter.say('ACME,DM-1,1\n');
  const id = await meter.command('zero');
  await meter.pass(5000);
  t.like(meter.mesh.hub.commands.findDelivery(id), { stage: 'failed', failure: 'notAccepted' });
  await meter.pass(60_000);
  t.false(meter.sent.includes('ZERO\n'));
});

test('lines about faults are alarms of the device, with its own code, and end when it says so', async (t) => {
  const supply = await InstrumentFixture.open(SUPPLY);
  await supply.say('FAULT 3 too hot\nFAULT 4 fan\n! hello\n');
  t.deepEqual(supply.alarms, ['DEVICE_ALARM:dmm:3', 'DEVICE_ALARM:dmm:4', 'DEVICE_ALARM:dmm:NOTE (over)']);
  t.like(supply.mesh.hub.alarms.open()[0], { priority: 'high', text: 'too hot' });
  await supply.say('CLEAR 3\n');
  t.true(supply.alarms.includes('DEVICE_ALARM:dmm:3 (over)'));
  t.true(supply.alarms.includes('DEVICE_ALARM:dmm:4'));
});

test('pieces are cut at any terminator, and lines are sent with one of their own', async (t) => {
  const device =
    await InstrumentFixture.open(`${HEAD}terminator = "#;"\nsend_terminator = "\\r"\ninit = ["GO"]
[[device.message]]\ntype = "Count"\nregex = '^n(?<n>\\d+)$'\nfields = { n = { type = "integer" } }\n`);
  t.deepEqual(device.sent, ['GO\r']);
  await device.say('n1#;n2#');
  t.deepEqual(device.latest('Count'), { n: { value: 1 } });
  await device.pass(200);
  await device.say(';');
  t.deepEqual(device.latest('Count'), { n: { value: 2 } });
});

test('two devices can have one data type, and each has its own counters', async (t) => {
  const both = await InstrumentFixture.load(
    METER + METER.replace('"dmm"', '"dmm2"').replace('/dev/ttyS9', '/dev/ttyS8'),
  );
  t.deepEqual(
    both.devices.map(({ name }) => name),
    ['dmm', 'dmm2'],
  );
  both.devices[1]?.start();
  await both.connect();
  await both.say('A,B,\n');
  t.deepEqual(both.latest('Identity', 'dmm2'), { maker: { value: 'A' }, model: { value: 'B' } });
});

test('it stops from any state, and its device is gone', async (t) => {
  for (const prepare of [
    async () => InstrumentFixture.load(METER),
    async () => InstrumentFixture.open(METER),
    async () => {
      const meter = await InstrumentFixture.open(METER);
      await meter.lose();
      return meter;
    },
  ]) {
    const meter = await prepare();
    await meter.devices[0]?.stop();
    t.is(meter.status, undefined);
    const { length } = meter.sent;
    await meter.pass(60_000);
    t.is(meter.sent.length, length);
  }
});
