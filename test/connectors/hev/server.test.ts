import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import test from 'ava';
import { HevClient } from '../../../src/client/index.js';
import { BroadcastClient, type Reply, request } from '../../support/hev-client.js';
import { type HevGateway, startHev } from '../../support/hev-gateway.js';
import { killProcesses } from '../../support/process-fixture.js';

const hasPython = spawnSync('python3', ['-V']).status === 0;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let strict: HevGateway;

test.before(async () => {
  strict = await startHev({ mode: 'strict', queue: 4, max_clients: 8 });
  const probe = await BroadcastClient.open(strict.web);
  await probe.until(() => probe.of('DATA').length > 0);
  probe.close();
});

test.after.always(async () => {
  await strict?.close();
  await killProcesses();
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const PERSONAL = { type: 'PERSONAL', name: 'Lung', age: 40, sex: 'F', height: 170, weight: 60 };
const CMD = { type: 'CMD', cmdtype: 'GENERAL', cmd: 'STANDBY', param: null };

const REQUESTS: readonly (readonly [string, object | Buffer, Reply])[] = [
  ['a command', CMD, 'ack'],
  ['a command with a parameter', { ...CMD, cmdtype: 'SET_DURATION', cmd: 'INHALE', param: 1111 }, 'ack'],
  ['the type in lower case', { ...CMD, type: 'cmd' }, 'ack'],
  ['an unknown command', { ...CMD, cmd: 'FOO' }, 'nack'],
  ['a command named like a property of every object', { ...CMD, cmd: 'toString' }, 'nack'],
  ['an unknown family', { ...CMD, cmdtype: 'FOO' }, 'nack'],
  ['a family in lower case', { ...CMD, cmdtype: 'general' }, 'nack'],
  ['a family without codes', { ...CMD, cmdtype: 'MUTE_ALARM', cmd: 'START' }, 'nack'],
  ['a command without a parameter', { type: 'CMD', cmdtype: 'GENERAL', cmd: 'STANDBY' }, 'nack'],
  ['a parameter in words', { ...CMD, param: '5' }, 'nack'],
  ['a parameter beyond a 32-bit float', { ...CMD, param: 1e39 }, 'nack'],
  ['a duration that does not fit', { ...CMD, cmdtype: 'SET_DURATION', cmd: 'INHALE', param: -1 }, 'nack'],
  [
    'a parameter NaN, which is no JSON',
    Buffer.from('{"type":"CMD","cmdtype":"GENERAL","cmd":"STANDBY","param":NaN}'),
    'ack',
  ],
  ['an unknown type', { type: 'FOO' }, 'nack'],
  ['no type', { cmdtype: 'GENERAL' }, 'nack'],
  [
    'an alarm that is not there',
    { type: 'ALARM', alarm_type: 'PRIORITY_LOW', alarm_code: 'APNEA', param: null },
    'ack',
  ],
  ['an unknown alarm', { type: 'ALARM', alarm_type: 'PRIORITY_LOW', alarm_code: 'FOO', param: null }, 'nack'],
  ['an alarm without a priority', { type: 'ALARM', alarm_code: 'APNEA' }, 'nack'],
  [
    'an alarm named by an object',
    { type: 'ALARM', alarm_type: { toString: 1 }, alarm_code: 'APNEA' },
    'nack',
  ],
  ['particulars without patient_id', PERSONAL, 'ack'],
  ['particulars with patient_id', { ...PERSONAL, patient_id: 'bench-7' }, 'ack'],
  ['particulars longer than their fields', { ...PERSONAL, name: 'x'.repeat(500), sex: 'female' }, 'ack'],
  ['an age in words', { ...PERSONAL, age: 'forty' }, 'nack'],
  ['an age that does not fit', { ...PERSONAL, age: 256 }, 'nack'],
  ['particulars without an age', { type: 'PERSONAL', name: 'x', sex: 'F', height: 1, weight: 1 }, 'nack'],
  ...['DATA', 'READBACK', 'CYCLE', 'TARGET', 'IVT', 'DEBUG'].map(
    (type) => [`the type ${type}`, { type }, 'nack'] as const,
  ),
  ['what is not JSON', Buffer.from('hello'), 'nack'],
  ['nothing but a NUL', Buffer.from(''), 'nack'],
  ['what is not UTF-8', Buffer.from('7b22fffe22', 'hex'), 'nack'],
  ['a list', Buffer.from('[]'), 'nack'],
  ['a number', Buffer.from('5'), 'nack'],
  ['null', Buffer.from('null'), 'nack'],
  ['64 KiB without a NUL', Buffer.alloc(70_000, 0x20), 'closed'],
];

for (const [what, content, reply] of REQUESTS) {
  test.serial(`${what}: ${reply}`, async (t) => {
    t.is(await request(strict.request, content), reply);
  });
}

test.serial('a request without its NUL is closed after 5 s, and one in pieces is answered', async (t) => {
  const late = request(strict.request, CMD, '');
  const socket = connect({ host: '127.0.0.1', port: strict.request });
  const closed = once(socket, 'close');
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
  });
  for (const byte of Buffer.from(`${JSON.stringify(CMD)}\0{"type":"DATA"}\0`)) {
    socket.write(Buffer.from([byte]));
    await sleep(1);
  }
  await closed;
  t.is(text, '{"type":"ack"}\0');
  t.is(await late, 'closed');
});

test.serial('threshold answers are broadcast; names and field order are those of the protocol', async (t) => {
  const client = await BroadcastClient.open(strict.native);
  t.teardown(() => client.close());
  const set = { type: 'CMD', cmdtype: 'SET_THRESHOLD_MAX', cmd: 'HIGH_PRESSURE', param: 1.1 };
  t.is(await request(strict.request, set), 'ack');
  t.is(await request(strict.request, { ...set, cmdtype: 'GET_THRESHOLD_MAX', param: null }), 'ack');
  const answer = await client.until(() => client.of('CMD')[0]);
  t.like(answer, { cmd_type: 'GET_THRESHOLD_MAX', cmd_code: 'HIGH_PRESSURE', param: 1.100000023841858 });
  const data = await client.until(() => client.of('DATA')[0]);
  t.deepEqual(Object.keys(data).slice(0, 5), [
    'version',
    'timestamp',
    'payload_type',
    'fsm_state',
    'pressure_air_supply',
  ]);
  const battery = await client.until(() => client.of('BATTERY')[0]);
  t.like(battery, { version: 182, timestamp: 0, dummy: 1 });
  client.close();
});

test.serial('a client that does not read misses the oldest packets; the others miss none', async (t) => {
  const slow = await BroadcastClient.open(strict.web);
  t.teardown(() => slow.close());
  const quick = await BroadcastClient.open(strict.web);
  t.teardown(() => quick.close());
  slow.socket.pause();
  const from = quick.of('DATA').length;
  await quick.until(() => quick.of('DATA').length >= from + 100);
  const stamps = quick.of('DATA').map(({ timestamp }) => Number(timestamp));
  t.true(stamps.every((stamp, index) => index === 0 || stamp - (stamps[index - 1] ?? 0) === 20));
  slow.close();
  quick.close();
});

test.serial(
  'what a client sends on a broadcast port is ignored; more than max_clients are closed',
  async (t) => {
    const clients: BroadcastClient[] = [];
    let closed = 0;
    for (let count = 0; count < 12; count++) {
      const client = await BroadcastClient.open(strict.native);
      t.teardown(() => client.close());
      client.socket.on('close', () => closed++);
      clients.push(client);
    }
    while (closed < 4) await sleep(20);
    const served = clients.find(({ socket }) => !socket.destroyed);
    served?.socket.write('{"type":"CMD"}\0rubbish');
    const before = served?.packets.length ?? 0;
    await served?.until(() => served.packets.length > before + 10);
    t.is(strict.process.child.exitCode, null);
  },
);

test.serial(
  'the library: values, alarms, requests, and a new connection when the server was away',
  async (t) => {
    const states: boolean[] = [];
    let packets = 0;
    const client = new HevClient({
      broadcastPort: strict.web,
      requestPort: strict.request,
      onPacket: () => packets++,
      onConnected: (isConnected) => states.push(isConnected),
    });
    while (!client.getValues() || !client.getReadback() || !client.getCycle()) await sleep(50);
    t.true(client.isConnected);
    t.true(packets > 0);
    t.is(client.getValues()?.payload_type, 'DATA');
    t.deepEqual(client.getAlarms(), []);
    t.true(await client.sendCommand('SET_DURATION', 'INHALE', 1234));
    t.false(await client.sendCommand('GENERAL', 'FOO'));
    t.true(await client.acknowledge({ alarm_type: 'PRIORITY_HIGH', alarm_code: 'APNEA' }));
    t.true(await client.sendPersonal({ name: 'Lung', age: 1, sex: 'F', height: 2, weight: 3 }));
    while (client.getReadback()?.duration_inhale !== 1234) await sleep(50);
    while (client.get('PERSONAL')?.name !== 'Lung') await sleep(50);
    client.close();
    t.deepEqual(states, [true, false]);
  },
);

const PYTHON = `
import json, socket, sys
web, request_port = int(sys.argv[1]), int(sys.argv[2])
def packets(sock):
    held = b""
    while True:
        held += sock.recv(4096)
        while b"\\0" in held:
            packet, held = held.split(b"\\0", 1)
            yield json.loads(packet.decode("utf-8"))
def ask(content):
    with socket.create_connection(("127.0.0.1", request_port), 5) as sock:
        sock.sendall(json.dumps(content).encode() + b"\\0")
        return next(packets(sock))["type"] == "ack"
def command(family, name, param=None):
    return ask({"type": "CMD", "cmdtype": family, "cmd": name, "param": param})
started, refused = command("GENERAL", "START"), command("general", "foo")
with socket.create_connection(("127.0.0.1", web), 5) as sock:
    for packet in packets(sock):
        assert isinstance(packet["alarms"], list)
        if packet["type"] == "DATA" and packet["DATA"]["fsm_state"] == "INHALE":
            break
print(started, refused, packet["DATA"]["version"])
`;

(hasPython ? test.serial : test.serial.skip)('a client with plain sockets in Python', async (t) => {
  const { stdout } = await promisify(execFile)(
    'python3',
    ['-c', PYTHON, String(strict.web), String(strict.request)],
    {
      timeout: 20_000,
    },
  );
  t.is(stdout.trim(), 'True False 182');
});

test.serial('every nack has a reason in the counters', async (t) => {
  const { clients } = (await strict.client.call('counters', {})) as unknown as {
    clients: { hev: { hev: { nacks: number; nacksBy: Record<string, number>; requestsTooLong: number } } };
  };
  const { nacks, nacksBy, requestsTooLong } = clients.hev.hev;
  t.is(
    Object.values(nacksBy).reduce((sum, count) => sum + count, 0),
    nacks,
  );
  t.true(nacks >= 20);
  t.is(requestsTooLong, 1);
});

test.serial(
  'a port that is taken is tried again, and is an alarm; the older shape; keep-alive',
  async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const gateway = await startHev({
      mode: 'strict',
      web_port: port,
      shape: 'seed',
      keepalive_ms: 5,
      battery: false,
    });
    await gateway.process.logged(/can't listen on 127\.0\.0\.1:\d+/);
    const { alarms } = await gateway.client.call('alarms', {});
    t.true(alarms.some(({ id }) => id === 'HEV_PORT_TAKEN'));
    const native = await BroadcastClient.open(gateway.native);
    const packet = await native.until(() => native.packets.find((given) => 'sensors' in given));
    t.deepEqual(Object.keys(packet), ['sensors', 'alarms']);
    await native.until(() => native.packets.some(({ type }) => type === 'keepalive'));
    t.true(native.packets.every((given) => 'sensors' in given || given.type === 'keepalive'));
    taken.close();
    const web = await BroadcastClient.open(port).catch(async () => {
      await sleep(3000);
      return BroadcastClient.open(port);
    });
    await web.until(() => web.packets[0]);
    native.close();
    web.close();
    await gateway.close();
  },
);

test.serial('mesh mode: nodes as packets, alarms of the gateway, messages to nodes', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const gateway = await startHev({ mode: 'mesh', web_port: portOf(taken) });
  t.teardown(() => gateway.close());
  const client = await BroadcastClient.open(gateway.native);
  t.teardown(() => client.close());
  const data = await client.until(() => client.of('DATA').find((given) => Object.keys(given).length > 6));
  t.is(data.version, 182);
  t.is(typeof data.node, 'number');
  t.is(typeof data.name, 'string');
  t.true(Object.keys(data).some((key) => key.includes('.')));
  const readback = await client.until(() => client.of('READBACK').find(({ nodes }) => nodes === 3));
  t.is(readback.active, 3);
  await client.until(() => client.of('BATTERY')[0]);
  const mesh = { type: 'CMD', cmdtype: 'MESH' };
  const node = Number(data.node);
  for (const [content, reply] of [
    [{ ...mesh, cmd: 'SEND', node, data: '0a01', param: null }, 'ack'],
    [{ ...mesh, cmd: 'SEND', node: data.name, data: '0a01' }, 'ack'],
    [{ ...mesh, cmd: 'REFRESH' }, 'ack'],
    [{ ...mesh, cmd: 'SEND', node: 70_000, data: '0a' }, 'nack'],
    [{ ...mesh, cmd: 'SEND', node, data: 'x' }, 'nack'],
    [{ ...mesh, cmd: 'FOO' }, 'nack'],
    [CMD, 'nack'],
    [PERSONAL, 'nack'],
    [{ type: 'ALARM', alarm_type: 'PRIORITY_HIGH', alarm_code: 'FOO' }, 'nack'],
    [{ ...mesh, cmd: 'RESET_ROOT' }, 'ack'],
  ] as const)
    t.is(await request(gateway.request, content), reply, JSON.stringify(content));
  const packet = await client.until(() =>
    client.packets.find(({ alarms }) => (alarms as object[]).length > 0),
  );
  t.like((packet.alarms as object[])[0], {
    alarm_type: 'PRIORITY_HIGH',
    alarm_code: 'HEV_PORT_TAKEN',
    param: 0,
  });
  const [alarm] = packet.alarms as { alarm_type: string; alarm_code: string; param: number }[];
  t.is(await request(gateway.request, { type: 'ALARM', ...alarm }), 'ack');
  const { alarms } = await gateway.client.call('alarms', {});
  t.false(alarms.some(({ code, acknowledged }) => code === alarm?.alarm_code && !acknowledged));
  client.close();
  await gateway.close();
  taken.close();
});
