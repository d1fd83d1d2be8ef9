import test from 'ava';
import { deviceAlarmCode, readDeviceAlarmCode } from '../../../src/codecs/hev/in-hub.js';
import { LatchedAlarms } from '../../../src/connectors/hev/latched-alarms.js';
import type { AlarmObject } from '../../../src/connectors/hev/mode.js';
import { PacketOutlet } from '../../../src/connectors/hev/packet-outlet.js';
import { ManualClock } from '../../support/manual-clock.js';

class SlowClient {
  readonly clock = new ManualClock();
  readonly written: string[] = [];
  readonly taking: (() => void)[] = [];
  dropped = 0;
  isStuck = false;
  readonly outlet = new PacketOutlet({
    clock: this.clock,
    maxPackets: 16,
    write: (bytes, onWritten) => {
      this.written.push(bytes.toString().trimEnd());
      this.taking.push(onWritten);
    },
    onDropped: () => this.dropped++,
    onStuck: () => {
      this.isStuck = true;
    },
  });

  /** By default, each is as much as the system is given at once. */
  push(count: number, size = 65_536): void {
    for (let index = 0; index < count; index++) this.outlet.push(Buffer.from(String(index).padEnd(size)));
  }

  takeAll(): void {
    for (let take = this.taking.shift(); take; take = this.taking.shift()) take();
  }
}

test('16 packets wait for a client that is slow, then the oldest goes', (t) => {
  const client = new SlowClient();
  client.push(20);
  t.is(client.dropped, 3);
  client.takeAll();
  t.deepEqual(client.written, ['0', ...Array.from({ length: 16 }, (_, index) => String(index + 4))]);
  t.is(client.outlet.waitingBytes, 0);
});

test('packets that come in one turn, as after a pause of the gateway, are not lost', (t) => {
  const client = new SlowClient();
  client.push(60, 1000);
  t.is(client.dropped, 0);
  client.takeAll();
  t.is(client.written.length, 60);
});

test('a client that takes nothing for 30 s is closed; one that takes something is not', (t) => {
  const client = new SlowClient();
  client.push(3);
  client.clock.advance(29_000);
  client.taking.shift()?.();
  client.clock.advance(29_000);
  t.false(client.isStuck);
  client.clock.advance(1000);
  t.true(client.isStuck);
});

test('an idle client is not closed, and after the end nothing is written', (t) => {
  const client = new SlowClient();
  client.push(1);
  client.takeAll();
  client.clock.advance(100_000);
  t.false(client.isStuck);
  client.outlet.close();
  client.push(5);
  t.is(client.written.length, 1);
});

const alarm = (type: string, code: string, param = 0): AlarmObject => ({
  version: 182,
  timestamp: param,
  payload_type: 'ALARM',
  alarm_type: type,
  alarm_code: code,
  param,
});

test('the same type and code is the same alarm, in its old position; of more than 64 the oldest goes', (t) => {
  const latched = new LatchedAlarms();
  latched.latch(alarm('PRIORITY_HIGH', 'APNEA', 1));
  latched.latch(alarm('PRIORITY_LOW', 'APNEA', 2));
  latched.latch(alarm('PRIORITY_HIGH', 'APNEA', 3));
  t.deepEqual(
    latched.list.map(({ param }) => param),
    [3, 2],
  );
  latched.acknowledge({ type: 'PRIORITY_HIGH', code: 'APNEA' });
  t.deepEqual(
    latched.list.map(({ param }) => param),
    [2],
  );
  for (let index = 0; index < 70; index++) latched.latch(alarm('PRIORITY_LOW', `A${index}`));
  t.is(latched.list.length, 64);
  t.is(latched.dropped, 7);
});

for (const [type, code, text] of [
  ['PRIORITY_HIGH', 'APNEA', 'APNEA'],
  ['PRIORITY_MEDIUM', 'HIGH_RR', 'HIGH_RR'],
  ['PRIORITY_LOW', 'LOW_BATTERY', 'LOW_BATTERY:low'],
  ['PRIORITY_HIGH', 77, '77'],
  [9, 'APNEA', 'APNEA:9'],
] as const) {
  test(`an alarm ${type} ${code} is ${text} in the gateway, and the same when it is read back`, (t) => {
    t.is(deviceAlarmCode({ type, code }), text);
    t.deepEqual(readDeviceAlarmCode(text), { type, code });
  });
}

for (const text of ['SILENT', '', 'APNEA:FOO', '1234567'])
  test(`"${text}" is not an alarm of the ventilator`, (t) => t.is(readDeviceAlarmCode(text), undefined));
