import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { HevClient } from '../../../src/client/index.js';
import { formatDumpLine } from '../../../src/codecs/hev/dump.js';
import { encodePayload } from '../../../src/codecs/hev/payload.js';
import { BroadcastClient, request } from '../../support/hev-client.js';
import { startHev } from '../../support/hev-gateway.js';
import { HevUc, type LineFault } from '../../support/hev-uc.js';
import { killProcesses, MeshgateProcess, runToEnd } from '../../support/process-fixture.js';
import { hasSocat } from '../../support/pty.js';

const ptyTest = hasSocat ? test.serial : test.serial.skip;
const START = { type: 'CMD', cmdtype: 'GENERAL', cmd: 'START', param: null };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.after.always(killProcesses);

/** Payload frames of the microcontroller: every 7th is lost, every 5th doubled, every 11th damaged, every 9th late. */
const BAD_LINE: LineFault = (frame, index) => {
  const isAcknowledgement = frame.length < 9;
  if (isAcknowledgement) return [frame];
  if (index % 7 === 3) return [];
  if (index % 5 === 2) return [frame, frame];
  if (index % 11 === 6)
    return [Buffer.concat([frame.subarray(0, 9), Buffer.from([(frame[9] ?? 0) ^ 0x55]), frame.subarray(10)])];
  return [frame];
};

ptyTest('a bad line: payloads reach every client once and in order, and commands get through', async (t) => {
  const uc = await HevUc.plugIn();
  t.teardown(() => uc.close());
  const gateway = await startHev({ mode: 'strict', device: uc.path, battery: false });
  t.teardown(() => gateway.close());
  const clients = [await BroadcastClient.open(gateway.web), await BroadcastClient.open(gateway.native)];
  const stubborn = await BroadcastClient.open(gateway.web);
  t.teardown(() => stubborn.close());
  stubborn.socket.pause();
  await gateway.listeners(3);
  uc.faultOfLine = BAD_LINE;
  for (let count = 1; count <= 60; count++)
    t.is(await uc.send('DATA', { flow: count }, count * 20), 'acknowledged');
  for (const client of clients) {
    await client.until(() => client.of('DATA').length >= 60);
    t.deepEqual(
      client.of('DATA').map(({ flow }) => flow),
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    t.true(client.packets.every(({ alarms }) => Array.isArray(alarms)));
  }
  t.is(await request(gateway.request, START), 'ack');
  await uc.until(() => uc.received.length > 0);
  t.deepEqual(uc.received[0]?.values, { cmd_type: 1, cmd_code: 1, param: 0 });
  const { hev } = (await gateway.client.call('counters', {})) as unknown as {
    hev: { hev: Record<string, number> };
  };
  t.true((hev.hev.mismatched ?? 0) > 0);
  t.true((hev.hev.badCheck ?? 0) > 0);
  for (const client of [...clients, stubborn]) client.close();
  await gateway.close();
  await uc.close();
});

ptyTest(
  'a late acknowledgement, and one that is lost: the command is carried out, and the line goes on',
  async (t) => {
    const uc = await HevUc.plugIn();
    const gateway = await startHev({ mode: 'strict', device: uc.path, battery: false });
    const client = await BroadcastClient.open(gateway.web);
    await uc.send('DATA', {}, 20);
    let acknowledgements = 0;
    uc.faultOfLine = (frame) => (frame.length < 9 && acknowledgements++ === 0 ? [] : [frame]);
    const run = await runToEnd([
      'hev',
      'send',
      'SET_DURATION',
      'INHALE',
      '1111',
      '--yes',
      '--socket',
      gateway.process.socketPath,
    ]);
    t.is(run.code, 1, 'the number of its only acknowledgement was lost, and repeats have the wrong number');
    t.regex(run.stderr, /did not acknowledge it in 10 transmissions/);
    t.is(uc.received.length, 1);
    for (let count = 0; count < 3 && uc.received.length < 2; count++) {
      await request(gateway.request, START);
      await sleep(400);
    }
    t.true(uc.received.length >= 2, 'after more than 20 wrong numbers, the next is taken');
    const again = await runToEnd([
      'hev',
      'send',
      'set_duration',
      'inhale',
      '5',
      '--yes',
      '--json',
      '--socket',
      gateway.process.socketPath,
    ]);
    t.is(again.code, 0, again.stderr);
    t.is((JSON.parse(again.stdout) as { stage: string }).stage, 'completed');
    client.close();
    await gateway.close();
    await uc.close();
  },
);

ptyTest(
  'unplugged under load: clients stay, requests are refused, and everything is back with the port',
  async (t) => {
    const uc = await HevUc.plugIn();
    const gateway = await startHev({ mode: 'strict', device: uc.path });
    const client = await BroadcastClient.open(gateway.web);
    const library = new HevClient({ broadcastPort: gateway.web, requestPort: gateway.request });
    let timestamp = 0;
    const load = setInterval(() => void uc.send('DATA', { flow: 1 }, ++timestamp), 20);
    await client.until(() => client.of('DATA').length > 20);
    await uc.unplug();
    await gateway.process.logged(/hev: (?:backingOff|.*(?:disconnected|lost|no serial device))/i);
    t.is(await request(gateway.request, START), 'nack');
    t.false(await library.sendCommand('GENERAL', 'START'));
    const before = client.of('DATA').length;
    t.true(client.of('BATTERY').length >= 0);
    const { alarms } = await gateway.client.call('alarms', {});
    t.true(alarms.some(({ id }) => id === 'LINK_LOST:hev'));
    await uc.plugInAgain();
    await client.until(() => client.of('DATA').length > before + 20);
    await client.until(() => client.of('BATTERY').length > 0);
    t.true(await library.sendCommand('GENERAL', 'STOP'));
    t.is(library.getValues()?.flow, 1);
    clearInterval(load);
    library.close();
    client.close();
    t.is(gateway.process.child.exitCode, null);
    await gateway.close();
    await uc.close();
  },
);

ptyTest('garbage, a flood and other payloads on the line are counted; silence is an alarm', async (t) => {
  const uc = await HevUc.plugIn();
  t.teardown(() => uc.close());
  const gateway = await startHev({ mode: 'strict', device: uc.path, battery: false });
  t.teardown(() => gateway.close());
  const client = await BroadcastClient.open(gateway.web);
  t.teardown(() => client.close());
  await gateway.listeners(1);
  await uc.send('DATA', { flow: 1 }, 20);
  uc.session.send('data', Buffer.from('b5000000000200', 'hex'));
  uc.session.send('data', Buffer.from('b60000000001', 'hex'));
  uc.session.send('data', Buffer.from('b6000000000f', 'hex'));
  uc.session.send('data', Buffer.from('b6', 'hex'));
  await uc.send('DATA', { flow: 2 }, 40);
  uc.sendBytes(Buffer.alloc(30_000, 0x55));
  uc.sendBytes(Buffer.from('7e7d7e7e40000083e27e', 'hex'));
  t.is(await uc.send('DATA', { flow: 3 }, 60), 'acknowledged');
  await client.until(() => client.of('DATA').length === 3);
  t.deepEqual(
    client.of('DATA').map(({ flow }) => flow),
    [1, 2, 3],
  );
  const counters = (await gateway.client.call('counters', {})) as unknown as {
    hev: { hev: Record<string, unknown> };
  };
  t.deepEqual(counters.hev.hev.payloadFaults, { tooShort: 1, version: 1, unknownType: 1, wrongLength: 1 });
  t.true(Number(counters.hev.hev.tooLong) >= 1);
  await sleep(3500);
  const { alarms } = await gateway.client.call('alarms', {});
  t.true(alarms.some(({ id }) => id === 'DEVICE_ALARM:hev:SILENT'));
  t.is(await request(gateway.request, START), 'nack');
  await uc.send('DATA', { flow: 4 }, 80);
  await client.until(() => client.of('DATA').length === 4);
  t.is(await request(gateway.request, START), 'ack');
  client.close();
  await gateway.close();
  await uc.close();
});

ptyTest(
  'alarms are latched without a client, listed in each packet, and acknowledged from both sides',
  async (t) => {
    const uc = await HevUc.plugIn();
    const gateway = await startHev({ mode: 'strict', device: uc.path, battery: false });
    const apnea = { alarm_type: 3, alarm_code: 1 };
    await BroadcastClient.open(gateway.web).then((probe) => probe.close());
    await uc.send('ALARM', { ...apnea, param: 4 }, 100, 'alarm');
    await uc.send('ALARM', { ...apnea, alarm_type: 1, param: 5 }, 120, 'alarm');
    await uc.send('ALARM', { ...apnea, param: 6 }, 140, 'alarm');
    const client = await BroadcastClient.open(gateway.native);
    await gateway.listeners(1);
    await uc.send('DATA', {}, 160);
    const first = await client.until(() => client.packets[0]);
    const listed = (
      first.alarms as { alarm_type: string; alarm_code: string; param: number; timestamp: number }[]
    ).map(({ alarm_type, alarm_code, param, timestamp }) => [alarm_type, alarm_code, param, timestamp]);
    t.deepEqual(listed, [
      ['PRIORITY_HIGH', 'APNEA', 6, 140],
      ['PRIORITY_LOW', 'APNEA', 5, 120],
    ]);
    const { alarms } = await gateway.client.call('alarms', {});
    const ids = alarms.map(({ id, priority }) => `${id} ${priority}`).filter((id) => id.startsWith('DEVICE'));
    t.deepEqual(ids, ['DEVICE_ALARM:hev:APNEA high', 'DEVICE_ALARM:hev:APNEA:low low']);
    const ack = await runToEnd(['hev', 'ack', 'apnea', '--socket', gateway.process.socketPath]);
    t.is(ack.code, 0, ack.stderr);
    t.is(
      await request(gateway.request, {
        type: 'ALARM',
        alarm_type: 'PRIORITY_LOW',
        alarm_code: 'APNEA',
        param: null,
      }),
      'ack',
    );
    await uc.send('DATA', {}, 180);
    const second = await client.until(() => client.packets[1]);
    t.deepEqual(second.alarms, []);
    const after = await gateway.client.call('alarms', {});
    t.false(after.alarms.some(({ id }) => id.startsWith('DEVICE_ALARM')));
    client.close();
    await gateway.close();
    await uc.close();
  },
);

ptyTest('meshgate hev emulate: a dump on a pseudo-terminal, served by a gateway', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-hev-'));
  const [dump, link] = [join(directory, 'a.dump'), join(directory, 'uc')];
  const lines = [1, 2, 3, 4, 5].map((flow) => formatDumpLine(encodePayload('DATA', { flow }, flow * 20)));
  writeFileSync(dump, lines.join(''));
  const emulator = new MeshgateProcess(['hev', 'emulate', '--dump', dump, '--link', link]);
  await emulator.printed(/a dump of 5 payloads; not for use on patients/);
  const gateway = await startHev({ mode: 'strict', device: link, battery: false });
  t.teardown(() => gateway.close());
  const client = await BroadcastClient.open(gateway.web);
  t.teardown(() => client.close());
  await client.until(() => client.of('DATA').length > 20);
  const flows = client.of('DATA').map(({ flow }) => Number(flow));
  t.true(flows.every((flow, index) => index === 0 || flow === ((flows[index - 1] ?? 0) % 5) + 1));
  client.close();
  await gateway.close();
  t.is((await emulator.stop()).code, 0);
  writeFileSync(dump, 'hello\n');
  const refused = await runToEnd(['hev', 'emulate', '--dump', dump, '--link', link]);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /line 1 is not of the form/);
  rmSync(directory, { recursive: true });
});
