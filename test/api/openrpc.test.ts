import test, { type ExecutionContext } from 'ava';
import { SESSION_ERRORS } from '../../src/api/errors.js';
import { findMethod, methods } from '../../src/api/methods/index.js';
import { eventKinds, eventShape } from '../../src/api/shapes.js';
import { NodeNames } from '../../src/protocol/node-names.js';
import { CAMERA, CommandedBench, FIRST_STAGE, STATE } from '../support/commanded-bench.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { schemaFaults } from '../support/json-schema.js';
import { LineClient } from '../support/line-client.js';
import { netInfo } from '../support/network-fixture.js';
import { startProcess } from '../support/process-fixture.js';
import { SessionFixture } from '../support/session-fixture.js';

interface Document {
  readonly openrpc: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly methods: readonly {
    readonly name: string;
    readonly summary: string;
    readonly paramStructure: string;
    readonly params: readonly {
      readonly name: string;
      readonly required: boolean;
      readonly schema: object;
    }[];
    readonly result: { readonly name: string; readonly schema: object };
  }[];
  readonly components: {
    readonly errors: Record<string, object>;
    readonly schemas: { readonly event: object };
  };
}

async function discover(fixture: SessionFixture): Promise<Document> {
  return fixture.result<Document>('rpc.discover');
}

/** A mesh with some of everything, odd things included. */
const RECOVERY = {
  isEnabled: true,
  probeAfterMs: 1000,
  stepMs: 1000,
  firstPauseMs: 1000,
  longestPauseMs: 1000,
};

async function fullMesh(): Promise<SessionFixture> {
  const fixture = await SessionFixture.open({
    settings: { names: new NodeNames(new Map([[5, 'Pump']])), recovery: RECOVERY },
  });
  const { mesh } = fixture;
  const NAN = '00*6 F8 7F';
  const INFINITY = '00*6 F0 7F';
  mesh.say(
    '00 05 44 02 00 07 01 39 30 00 C7 CF FF',
    '00 05 44 01 10 10 27',
    `00 06 05 ${NAN} ${INFINITY}`,
    `00 07 ${hex('{"gps_time":1700000000,"lat":1e400,"lon":-5,"ok":true,"list":[1]}\n')}`,
    '00 08 02 32 10 00*14',
    '00 05 41',
    '00 05 45 01',
    '00 05 52 00',
    '00 05 53',
    '00 05 54 46',
    '00 05 00 01 02',
    '00 05 99 01',
    '00 05 68 65 6C 6C 6F 0A',
    '00 00 45 72 72 6F 72 0A',
    '00 00 03 6F 6E 0A',
    '00 00 04 02 00 05 00 01 00 05 C0 01',
    '00 05 44 01',
    'C0 05 44 01 00 07',
    '00 00',
    '00',
    netInfo(5, 6, 9),
  );
  mesh.network.onConsoleLine('I (31) boot: hello');
  await mesh.hub.commands.execute({ kind: 'log', text: 'a line' }, 'test');
  await mesh.hub.commands.execute(
    { kind: 'setRobots', robots: [{ id: 'a', name: 'A', state: 'idle', node: '5' }] },
    't',
  );
  const bench = new CommandedBench(mesh.hub, () => mesh.clock.now());
  bench.link('up');
  bench.acceptsAtOnce = true;
  bench.source.report(FIRST_STAGE, CAMERA, Buffer.from('png'));
  bench.source.report(FIRST_STAGE, STATE, Buffer.of(1));
  bench.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'low', text: 'end switch' });
  return fixture;
}

function hex(text: string): string {
  return [...Buffer.from(text)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

/** A call of every method, as a program might make it; `alone`: what the mesh must not have gone through before. */
function calls(delivery: string, command = delivery): Readonly<Record<string, readonly object[]>> {
  return {
    'rpc.discover': [{}],
    abort: [{ delivery: command }],
    hello: [{}],
    status: [{}],
    health: [{}],
    clients: [{}],
    nodes: [{}, { status: 'unheard' }],
    node: [{ node: 5 }, { node: '0x6' }, { node: 'pump' }, { node: 7 }, { node: 9 }],
    devices: [{}],
    device: [{ device: 'stage' }, { device: FIRST_STAGE }],
    image: [{ device: 'stage', type: 'Camera' }],
    command: [
      { device: 'stage', name: 'move', arguments: { position: 5, mode: 'fast' }, until: 'queued' },
      { device: 'stage', name: 'home', until: 'completed', timeoutMs: 100 },
    ],
    paths: [{}],
    robots: [{}],
    map: [{}],
    dataTypes: [{}],
    opcodes: [{}],
    alarms: [{}],
    audit: [{}, { limit: 5 }],
    counters: [{}],
    delivery: [{ id: delivery }],
    deliveries: [{ device: 'stage' }, { device: FIRST_STAGE, limit: 1 }],
    latest: [{ type: 'GPS' }, { type: 5, node: 6 }, { type: 'Report' }, { type: 'Temperature' }],
    at: [
      { type: 'GPS', time: 8e12 },
      { type: 'GPS', time: 0 },
    ],
    range: [
      { type: 'Sequence', node: 5 },
      { type: 'Sequence', node: 5, limit: 1, from: 0, to: 8e12 },
    ],
    releasePort: [{}, { forMs: 1000 }],
    takePort: [{}],
    aggregate: [{ type: 'GPS', node: 5, from: 0, to: 1000, bucketMs: 100 }],
    export: [{}, { type: 'GPS', node: 5, from: 0, to: 8e12, limit: 1 }],
    explain: [{ node: 5 }, { delivery }],
    send: [
      { node: 5, text: 'hello' },
      { node: 0, hex: '0102', until: 'queued' },
      { node: 5, hex: '41', tracked: true },
    ],
    broadcast: [{ text: 'all' }, { hex: '00', until: 'queued' }],
    ping: [{ node: 5, timeoutMs: 1 }],
    refresh: [{}, { what: 'paths' }],
    log: [{ text: 'hello' }],
    setRobots: [{ robots: [{ id: 1, name: 'A', state: 'Active', node: 'Node-5' }] }, { robots: [] }],
    acknowledge: [{ id: 'ROOT_RESTARTED' }],
    subscribe: [{}, { snapshot: true, since: 0, kinds: [...eventKinds], minIntervalMs: 5 }],
    unsubscribe: [{ subscription: '1' }],
    resetRoot: [{}],
    forget: [{ node: 6 }],
    clean: [{ confirm: true }],
    recording: [{}, { after: 'abc:1' }, { lastMs: 60_000 }],
  };
}

function checkResult(t: ExecutionContext, document: Document, name: string, result: unknown): void {
  const described = document.methods.find((method) => method.name === name);
  t.deepEqual(schemaFaults(described?.result.schema, result), [], name);
  const checked = findMethod(name)?.result.safeParse(result);
  t.true(checked?.success, `${name}: ${checked?.error}`);
}

test('rpc.discover returns an OpenRPC document that has every method, its parameters and its result', async (t) => {
  const document = await discover(await SessionFixture.open());
  t.regex(document.openrpc, /^1\.\d+\.\d+$/);
  t.is(document.info.title, 'meshgate');
  t.deepEqual(
    document.methods.map(({ name }) => name),
    methods.map(({ name }) => name),
  );
  for (const { name, summary, paramStructure, params, result } of document.methods) {
    t.true(summary.length > 10, name);
    t.is(paramStructure, 'by-name');
    t.is(result.name, 'result');
    t.is(typeof result.schema, 'object');
    for (const param of params) t.is(typeof param.required, 'boolean', `${name}.${param.name}`);
  }
  t.deepEqual(Object.keys(document.components.errors), Object.keys(SESSION_ERRORS));
});

test('each error number is used once', (t) => {
  const numbers = Object.values(SESSION_ERRORS).map(({ rpc }) => rpc);
  t.is(new Set<number>(numbers).size, numbers.length);
});

test('the parameters that the document calls required are required, and no others', async (t) => {
  const fixture = await fullMesh();
  const document = await discover(fixture);
  for (const { name, params } of document.methods) {
    const required = params.filter((param) => param.required).map((param) => param.name);
    const issues = findMethod(name)?.params.safeParse({}).error?.issues ?? [];
    t.deepEqual(issues.map(({ path }) => String(path[0])).sort(), required.sort(), name);
  }
});

test('no method accepts an undocumented parameter', async (t) => {
  const fixture = await fullMesh();
  const given = calls('x');
  t.deepEqual(Object.keys(given).sort(), methods.map(({ name }) => name).sort());
  for (const { name } of methods) {
    t.is(await fixture.refusal(name, { ...given[name]?.[0], surprise: 1 }), 'BAD_PARAMS', name);
  }
});

test('what a program sends matches the document’s schemas of the parameters', async (t) => {
  const document = await discover(await SessionFixture.open());
  for (const { name, params } of document.methods) {
    for (const given of calls('x')[name] ?? []) {
      for (const [key, value] of Object.entries(given)) {
        const schema = params.find((param) => param.name === key)?.schema;
        t.deepEqual(schemaFaults(schema, value), [], `${name}.${key}`);
      }
    }
  }
});

test('every result of every method matches its schema, with every kind of data and while the link is down', async (t) => {
  const fixture = await fullMesh();
  const document = await discover(fixture);
  const { id } = await fixture.result<{ id: string }>('send', { node: 5, hex: '45AA' });
  const move = { device: 'stage', name: 'move', arguments: { position: 1 }, until: 'queued' };
  const command = await fixture.result<{ id: string }>('command', move);
  for (const link of ['up', 'backingOff'] as const) {
    if (link === 'backingOff') await fixture.subscribe();
    for (const [name, given] of Object.entries(calls(id, command.id))) {
      for (const params of given) {
        const request = fixture.post(name, params);
        await fixture.pass(3000);
        const { result, error } = fixture.replyTo(request) ?? {};
        if (link === 'up') t.is(error, undefined, name);
        if (error) t.true(error.data.code in SESSION_ERRORS, name);
        else checkResult(t, document, name, result);
      }
    }
    fixture.mesh.network.onLinkStatus({
      state: 'backingOff',
      since: fixture.mesh.clock.now(),
      reason: 'hungUp',
      detail: 'test',
    });
  }
});

test('every kind of event matches its schema', async (t) => {
  const fixture = await fullMesh();
  const document = await discover(fixture);
  await fixture.subscribe({ since: 0 });
  await fixture.result('send', { node: 5, hex: '45AA', until: 'written' });
  await fixture.refusal('send', { node: 5, hex: '00'.repeat(257) });
  fixture.mesh.say('00 05 41 AA');
  await fixture.mesh.pass(2000);
  fixture.mesh.link('backingOff');
  const events = fixture.events();
  const kinds: readonly string[] = eventKinds;
  t.deepEqual([...new Set(events.map(({ kind }) => kind))].sort(), [...kinds].sort());
  for (const event of events) {
    t.deepEqual(schemaFaults(document.components.schemas.event, event), [], event.kind);
    const checked = eventShape.safeParse(event);
    t.true(checked.success, `${event.kind}: ${checked.error}`);
  }
});

test('the kinds that can be subscribed to are all the kinds of events', (t) => {
  const kinds = eventShape.options.map(({ shape }) => shape.kind.value);
  t.deepEqual([...eventKinds], kinds);
});

test('every result of a live gateway on a simulated mesh matches its schema, and so does every event', async (t) => {
  const { path, remove } = temporaryFolder();
  const gateway = await startProcess(['--simulate', '--http', 'off', '--socket', `${path}/s`]);
  t.teardown(async () => {
    await gateway.stop();
    remove();
  });
  const client = await LineClient.open(gateway.socketPath);
  t.teardown(() => client.close());
  const document = (await client.ask('rpc.discover')).result as Document;
  await client.ask('subscribe', { since: 0 });
  const values = () =>
    client.lines.filter(({ params }) => (params?.event as { kind?: string })?.kind === 'value');
  await client.until(() => (values().length > 20 ? true : undefined));
  const sent = (await client.ask('send', { node: 0, text: 'hello' })).result as { id: string };
  const { clean: _, resetRoot: __, ...gentle } = calls(sent.id);
  for (const [name, given] of Object.entries(gentle)) {
    for (const params of given) {
      const { result, error } = await client.ask(name, params);
      if (error) t.true((error.data?.code ?? '') in SESSION_ERRORS, name);
      else checkResult(t, document, name, result);
    }
  }
  for (const { method, params } of client.lines) {
    if (method !== 'event') continue;
    t.deepEqual(schemaFaults(document.components.schemas.event, params?.event), []);
  }
});
