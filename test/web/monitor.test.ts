import test, { type ExecutionContext } from 'ava';
import { ask, listenTo } from '../support/classic-client.js';
import { type FixtureOptions, type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { WebSocketClient } from '../support/web-socket-client.js';

async function start(t: ExecutionContext, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const fixture = await startGateway({ web: true, ...options });
  t.teardown(() => fixture.close());
  return fixture;
}

async function connectTo(t: ExecutionContext, { webHost }: GatewayFixture): Promise<WebSocketClient> {
  const client = await WebSocketClient.open(`ws://${webHost}/`);
  t.teardown(() => client.socket.terminate());
  return client;
}

/** v1: the log so far comes after the states, and is complete when this resolves. */
async function connectAndReadLog(t: ExecutionContext, fixture: GatewayFixture): Promise<WebSocketClient> {
  const client = await connectTo(t, fixture);
  await client.find((text) => text === log('root: NetInfo 00'));
  return client;
}

const log = (message: string) => `{"type":"trafficLog","message":"${message}"}`;
const connection = (socket: boolean, uart: boolean) =>
  `{"type":"networkStatus","status":"connectionStatus","socket":${socket},"uart":${uart}}`;
const nodes = (list: string) => `{"type":"networkStatus","status":"nodeStatus","nodes":[${list}]}`;
const robots = (list: string) => `{"type":"networkStatus","status":"robotStatus","robots":[${list}]}`;

/** Node 5 has sent its uuid and a position; it has a path to the root. */
const PICTURE = [
  '00 00 01 01 00 05 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F',
  '00 05 44 02 00 07 01 6A 1E FE 18 AE 00',
  '00 00 04 01 00 05 00 01',
];

test('v1: a dashboard that connects gets the current state and the log so far, byte for byte', async (t) => {
  const fixture = await start(t);
  fixture.root.say(...PICTURE);
  const client = await connectTo(t, fixture);
  t.deepEqual(await client.take(3), [
    nodes('{"name":"Node-5","status":"normal"}'),
    connection(false, true),
    robots(''),
  ]);
  t.deepEqual((await client.take(8)).slice(-3), [
    log('root: NetInfo 010005000102030405060708090a0b0c0d0e0f'),
    log('0x0005: Data 020007016a1efe18ae00'),
    log('root: PathInfo 0100050001'),
  ]);
});

test('v1: changes are sent: traffic at once, states within a quarter of a second', async (t) => {
  const fixture = await start(t);
  const client = await connectAndReadLog(t, fixture);
  fixture.root.say('00 07 45 DE AD');
  await client.find((text) => text === log('0x0007: Echo dead'));
  await client.find((text) => text === nodes('{"name":"Node-7","status":"normal"}'));
  t.pass();
});

test('v1: every kind of traffic is a line of the log', async (t) => {
  const fixture = await start(t);
  const client = await connectAndReadLog(t, fixture);
  fixture.root.say('00 05 FE 01', Buffer.from('\0\0Error: Command Too Short\n'), '00 05');
  await client.find((text) => text === log('0x0005: Unknown 0xFE 01'));
  await client.find((text) => text === log('root: Error: Command Too Short'));
  fixture.root.sayBytes(Buffer.from('I (312) BLE_MESH: hello\n'));
  t.is(await client.find((text) => text.includes('console')), log('console: I (312) BLE_MESH: hello'));
  await ask(fixture.socketPath, 'SEND-\0\x05hi');
  t.is(await client.find((text) => text.includes('to root')), log('to root: SEND- 00056869'));
  await ask(fixture.socketPath, 'W-LOGdeep \x1b[31mred');
  t.regex(await client.find((text) => text.includes('deep')), /^\{"type":"trafficLog","message":"deep /);
});

test('v1: a robot list published by a client reaches every dashboard', async (t) => {
  const fixture = await start(t);
  const clients = [await connectTo(t, fixture), await connectTo(t, fixture)];
  for (const client of clients) await client.find((text) => text === robots(''));
  const robot = '{"id":1,"name":"Robot 1","state":"Active","node":"Node-5"}';
  await ask(fixture.socketPath, `W-RBT[${robot}]`);
  for (const client of clients) await client.find((text) => text === robots(robot));
  t.pass();
});

test('v1: socket is true while a client of the classic dialect listens', async (t) => {
  const fixture = await start(t);
  const client = await connectTo(t, fixture);
  const until = (text: string) => client.find((found) => found === text);
  await until(connection(false, true));
  const listener = await listenTo(fixture.socketPath);
  await until(connection(true, true));
  listener.close();
  await until(connection(false, true));
  t.pass();
});

test('v1: uart is false without a port, and when it has gone', async (t) => {
  const absent = await start(t, { link: 'absent' });
  const first = await connectTo(t, absent);
  t.is(await first.find((text) => text.includes('connectionStatus')), connection(false, false));
  const up = await start(t);
  const client = await connectTo(t, up);
  t.is(await client.find((text) => text.includes('connectionStatus')), connection(false, true));
  up.root.hangUp();
  await client.find((text) => text === connection(false, false));
});

test('v2: one message holds the complete state, at once and after each change', async (t) => {
  const fixture = await start(t, { settings: { http: { classic: 'v2' } } });
  fixture.root.say(...PICTURE);
  const client = await connectTo(t, fixture);
  const uuid = '000102030405060708090a0b0c0d0e0f';
  const five = (data: string) =>
    `{"address":5,"status":"Active","uuid":"${uuid}","gps":{"lat":44.568,"lon":-123.286},"data":{"00":[${data}],"01":["6a1efe18ae00"]}}`;
  const paths = '"direct_forwarding_paths":[{"origin":5,"target":1}]';
  t.is(await client.next(), `{"nodes":[${five('"07"')}],${paths}}`);
  fixture.root.say('00 05 44 01 00 08', '00 06 41');
  const six = '{"address":6,"status":"Active","uuid":"0006","gps":null,"data":{}}';
  t.is(
    await client.find((text) => text.includes('"08"')),
    `{"nodes":[${five('"07","08"')},${six}],${paths}}`,
  );
});

test('v2: a node without contact is disconnected, and only complete states are sent', async (t) => {
  const fixture = await start(t, { settings: { http: { classic: 'v2' } } });
  fixture.root.say('00 00 01 01 00 05 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F');
  const client = await connectTo(t, fixture);
  const picture = JSON.parse(await client.next());
  t.is(picture.nodes[0].status, 'Disconnect');
  fixture.root.say('00 05 45 01');
  await client.find((text) => JSON.parse(text).nodes[0].status === 'Active');
});

test('v2: a position that is not on earth is omitted', async (t) => {
  const fixture = await start(t, { settings: { http: { classic: 'v2' } } });
  const position = Buffer.alloc(19);
  position.writeUInt16BE(5);
  position.writeUInt8(5, 2);
  position.writeDoubleLE(500, 3);
  position.writeDoubleLE(-999, 11);
  fixture.root.say(position);
  const client = await connectTo(t, fixture);
  t.like(JSON.parse(await client.next()).nodes[0], { address: 5, gps: null });
});
