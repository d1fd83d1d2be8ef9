import test, { type ExecutionContext } from 'ava';
import { loadConfig } from '../../src/gateway/settings.js';
import { loadTables } from '../../src/gateway.js';
import type { RootFailure } from '../../src/hub/hub.js';
import { FAILURE_TEXTS } from '../../src/socket/classic/commands.js';
import { examineRequest } from '../../src/socket/classic/request.js';
import { ask, type Delivery } from '../support/classic-client.js';
import { type ClassicVector, loadClassicVectors } from '../support/classic-vectors.js';
import { type GatewayFixture, startGateway, stillClock } from '../support/gateway-fixture.js';

const { now, vectors } = loadClassicVectors();
const tables = loadTables(loadConfig({}, undefined, {}));
const MAX_REQUEST = 1024;

/** A long settle time, so that a loaded machine does not cut a request that arrives in pieces. */
const PATIENT = { settle_ms: 40 };
const IMPATIENT = { settle_ms: 40, request_timeout_ms: 1000 };
const FULL_QUEUE = { pace_bytes: 0, queue: 1 };

async function startFor(vector: ClassicVector): Promise<GatewayFixture> {
  const isFull = vector.link === 'full';
  const fixture = await startGateway({
    clock: stillClock(now),
    link: vector.link === 'absent' ? 'absent' : 'up',
    settings: {
      clients: vector.complete === 'timeout' ? IMPATIENT : PATIENT,
      ...(isFull && { serial: FULL_QUEUE }),
    },
  });
  fixture.root.say(...vector.picture);
  if (vector.toUart[0]) fixture.root.answerNext(vector.rootAnswers);
  if (isFull) await fillQueue(fixture);
  return fixture;
}

/** One command is being written, one more waits: that is the limit. */
async function fillQueue({ root, hub }: GatewayFixture): Promise<void> {
  root.getStuck();
  for (const owner of ['first', 'second']) void hub.commands.execute({ kind: 'resetRoot' }, owner);
}

/** Bytes after a fixed-length command are ignored; elsewhere they belong to the request. */
function deliveriesOf({ request, complete }: ClassicVector): Delivery[] {
  const always: Delivery[] = ['whole', 'byteByByte', 'twoPieces', 'withShutdown'];
  const spec = tables.opcodes.findCommand(request.toString('latin1', 0, 5));
  const mayTrail = complete === 'length' && spec?.fixedLength === true;
  return mayTrail ? [...always, 'withTwoTrailingZeros'] : always;
}

async function check(t: ExecutionContext, vector: ClassicVector, delivery: Delivery): Promise<void> {
  const fixture = await startFor(vector);
  try {
    const reply = await ask(fixture.socketPath, vector.request, delivery);
    t.is(reply.toString('hex', 0, vector.reply.length), vector.reply.toString('hex'), delivery);
    const rest = reply.toString('utf8', vector.reply.length);
    if (vector.replyJson === undefined) t.is(rest, '', delivery);
    else t.deepEqual(JSON.parse(rest), vector.replyJson, delivery);
    t.deepEqual(
      fixture.root.writes.map((frame) => frame.toString('hex')),
      vector.toUart.map((frame) => frame.toString('hex')),
      delivery,
    );
  } finally {
    await fixture.close();
  }
}

for (const vector of vectors) {
  const isRootSilent = vector.replyJson !== undefined && vector.toUart.length > vector.rootAnswers.length;
  const mostlyWaits = vector.complete === 'timeout' || isRootSilent;
  const run = mostlyWaits ? test : test.serial;
  run(`${vector.name} is answered alike however it arrives`, async (t) => {
    await Promise.all(deliveriesOf(vector).map((delivery) => check(t, vector, delivery)));
  });
}

const EXAMINED = {
  length: 'complete',
  type: 'complete',
  silence: 'mayContinue',
  timeout: 'tooShort',
  refusal: 'refused',
} as const;

test('each request is complete where the table says, and no shorter one is', (t) => {
  for (const { name, request, complete } of vectors) {
    if (request.toString('latin1', 0, 5) === '[syn]') continue;
    t.is(examineRequest(request, tables, MAX_REQUEST).kind, EXAMINED[complete], name);
    const shorter = examineRequest(request.subarray(0, -1), tables, MAX_REQUEST).kind;
    if (complete !== 'refusal') t.not(shorter, 'complete', name);
  }
});

test('every command of the table has a vector that succeeds, except those of edge modules', (t) => {
  const succeeding = vectors.filter(({ reply }) => reply[0] === 0x53);
  const named = new Set(succeeding.map(({ request }) => request.toString('latin1', 0, 5)));
  const expected = tables.opcodes.commands().filter(({ executor }) => executor !== 'edge');
  t.deepEqual([...named].sort(), expected.map(({ name }) => name).sort());
});

test('every reason for refusing a command has a vector', (t) => {
  const texts = new Set(vectors.map(({ reply }) => reply.toString('utf8', 2)));
  for (const failure of Object.keys(FAILURE_TEXTS) as RootFailure[]) {
    // The root's rejection comes after the reply: the classic dialect has none for it.
    if (failure !== 'rejectedByRoot') t.true(texts.has(FAILURE_TEXTS[failure]), failure);
  }
});

test('names are unique, and a failure states its length', (t) => {
  t.is(new Set(vectors.map(({ name }) => name)).size, vectors.length);
  for (const { name, reply } of vectors) {
    if (reply[0] === 0x46) t.is(reply[1], reply.length - 2, name);
  }
});

test('after RST-R every node is disconnected until it is heard again', async (t) => {
  const fixture = await startFieldGateway();
  t.is((await ask(fixture.socketPath, 'RST-R')).toString(), 'S');
  t.is((await ask(fixture.socketPath, 'ACT-C')).toString('hex'), '5300');
  fixture.root.say('00 06 52 00');
  t.is((await ask(fixture.socketPath, 'ACT-C')).toString('hex'), '5301');
  t.is((await ask(fixture.socketPath, 'NETIFD')).at(1), 3);
  await fixture.close();
});

test('after CLEAN no node is known', async (t) => {
  const fixture = await startFieldGateway();
  t.is((await ask(fixture.socketPath, 'CLEAN')).toString(), 'S');
  t.deepEqual(JSON.parse((await ask(fixture.socketPath, 'NSTAT')).toString('utf8', 1)), {
    node_amount: 0,
    node_addr_list: [],
    node_status_list: [],
  });
  await fixture.close();
});

test('robots are shown as the client named them', async (t) => {
  const fixture = await startGateway();
  await ask(fixture.socketPath, "W-RBT[{id: 7, name: 'Carrier', state: 'Idle', node: 'Node-5', more: 1}]");
  t.deepEqual(fixture.hub.picture.robots(), [{ id: 7, name: 'Carrier', state: 'Idle', node: 'Node-5' }]);
  await fixture.close();
});

test('a robot whose properties are not text is rejected', async (t) => {
  const fixture = await startGateway();
  for (const wrong of ['null', '{}', '[1]', 'true']) {
    const request = `W-RBT[{id: 1, name: ${wrong}, state: 'Idle', node: 'Node-5'}]`;
    t.is((await ask(fixture.socketPath, request)).toString('utf8', 2), 'Robot List Not Readable', wrong);
  }
  t.deepEqual(fixture.hub.picture.robots(), []);
  await fixture.close();
});

test('the text of W-LOG is sent to all watchers, as one clean line', async (t) => {
  const fixture = await startGateway();
  const shown: string[] = [];
  fixture.hub.feed.subscribe((event) => {
    if (event.kind === 'traffic' && event.what === 'log') shown.push(event.text);
  });
  await ask(fixture.socketPath, 'W-LOGarm \u001b[31mup\r\nand down');
  await ask(fixture.socketPath, 'W-LOG\0\0Grüße');
  t.deepEqual(shown, ['arm up and down', 'Grüße']);
  await fixture.close();
});

async function startFieldGateway(): Promise<GatewayFixture> {
  const fixture = await startGateway();
  const field = vectors.find(({ name }) => name === 'ACT-C');
  fixture.root.say(...(field?.picture ?? []));
  return fixture;
}
