import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../src/base/clock.js';
import type { GivenSettings } from '../src/config/given.js';
import { changedSettings, RELOADABLE, withReloadable } from '../src/config/reloadable.js';
import type { Config } from '../src/config/schema.js';
import { loadConfig, settingNames } from '../src/gateway/settings.js';
import { ask, connectTo, listenTo, readAll } from './support/classic-client.js';
import { type FixtureOptions, type GatewayFixture, startGateway } from './support/gateway-fixture.js';
import { WebSocketClient } from './support/web-socket-client.js';

/** As in the fixture: nothing is paced or refreshed. */
const QUIET = { serial: { pace_bytes: 0 }, mesh: { refresh_s: 0 } };

async function start(t: ExecutionContext, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const fixture = await startGateway(options);
  t.teardown(() => fixture.close());
  return fixture;
}

/** Settings as they would be read again from a file. */
function settings({ socketPath }: GatewayFixture, given: GivenSettings): Config {
  const mesh = { ...QUIET.mesh, ...(given.mesh as object) };
  return loadConfig({ ...QUIET, socket: socketPath, ...given, mesh }, undefined, {});
}

const TOKEN = 'a-token-for-everything';
const OTHER_TOKEN = 'another-token-for-everything';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const text = (reply: Buffer) => reply.toString('latin1', 2);

async function openWeb(
  t: ExecutionContext,
  { webHost }: GatewayFixture,
  headers: Record<string, string> = {},
) {
  const client = await WebSocketClient.open(`ws://${webHost}/rpc`, { headers });
  t.teardown(() => client.socket.terminate());
  return client;
}

/** How to check that each setting takes effect without a restart. */
const effects: Readonly<Record<string, (t: ExecutionContext) => Promise<void>>> = {
  names: async (t) => {
    const fixture = await start(t, { settings: { names: { '0x0005': 'Pump', '0x0006': 'Gate' } } });
    fixture.root.say('00 05 52 00', '00 06 52 00');
    const renamed: number[] = [];
    fixture.hub.feed.subscribe((event) => {
      if (event.kind === 'node' && event.change === 'renamed') renamed.push(event.node);
    });
    const names = { '0x0005': 'Well', '0x0006': 'Gate', '0x0009': 'nobody there' };
    fixture.gateway.reload(settings(fixture, { names }));
    t.deepEqual(
      fixture.hub.picture.nodes().map(({ name }) => name),
      ['Well', 'Gate'],
    );
    t.is(fixture.hub.picture.addressOf('well'), 5);
    t.is(fixture.hub.picture.addressOf('pump'), undefined);
    t.deepEqual(renamed, [5]);
  },
  'mesh.idle_after_s': async (t) => {
    const { facts } = await withThresholds(t);
    t.true(facts.some((fact) => fact.includes('idle after 7 s')));
  },
  'mesh.disconnected_after_s': async (t) => {
    const { facts } = await withThresholds(t);
    t.true(facts.some((fact) => fact.includes('disconnected after 8 s')));
  },
  'mesh.root_silent_after_s': async (t) => {
    let later = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later };
    const fixture = await start(t, { clock });
    later = 60_000;
    t.is(fixture.hub.health().root, undefined);
    fixture.gateway.reload(settings(fixture, { mesh: { root_silent_after_s: 30 } }));
    t.is(fixture.hub.health().root, 'rootSilent');
  },
  'clients.max': async (t) => {
    const fixture = await start(t);
    const listening = await listenTo(fixture.socketPath);
    fixture.gateway.reload(settings(fixture, { clients: { max: 1 } }));
    t.is(text(await ask(fixture.socketPath, 'ACT-C')), 'Too Many Clients');
    listening.close();
  },
  'clients.max_request': async (t) => {
    const fixture = await start(t);
    fixture.gateway.reload(settings(fixture, { clients: { max_request: 16 } }));
    t.regex(text(await ask(fixture.socketPath, `W-LOG${'x'.repeat(20)}`)), /Too Long/);
  },
  'clients.request_timeout_ms': async (t) => {
    const fixture = await start(t, { settings: { clients: { request_timeout_ms: 60_000 } } });
    fixture.gateway.reload(settings(fixture, { clients: { request_timeout_ms: 10 } }));
    t.is(text(await ask(fixture.socketPath, 'SEN')), 'Command Too Short');
  },
  'clients.settle_ms': async (t) => {
    const fixture = await start(t, { settings: { clients: { settle_ms: 5000 } } });
    fixture.gateway.reload(settings(fixture, { clients: { settle_ms: 1 } }));
    t.is(String(await ask(fixture.socketPath, 'W-LOGx')), 'S');
  },
  'clients.outbox_bytes': async (t) => {
    const fixture = await start(t);
    fixture.gateway.reload(settings(fixture, { clients: { outbox_bytes: 1024 } }));
    const listening = await listenTo(fixture.socketPath);
    fixture.root.say(`00 05 45 ${'01 '.repeat(1022)}`);
    await listening.closed;
    t.is(listening.received.length, 0, 'a single message exceeds the limit');
  },
  'http.token': async (t) => {
    const fixture = await start(t, { web: true, settings: { http: { token: TOKEN } } });
    const old = await openWeb(t, fixture, bearer(TOKEN));
    const undecided = await openWeb(t, fixture);
    fixture.gateway.reload(settings(fixture, { http: { token: OTHER_TOKEN } }));
    t.is(await old.closed, 1012, 'clients with the old token must authenticate again');
    t.is(await undecided.closed, 1012);
    await t.throwsAsync(openWeb(t, fixture, bearer(TOKEN)), { message: 'refused 401' });
    t.truthy((await (await openWeb(t, fixture, bearer(OTHER_TOKEN))).call('hello')).result);
  },
  'http.read_token': async (t) => {
    const fixture = await start(t, { web: true });
    fixture.gateway.reload(settings(fixture, { http: { read_token: OTHER_TOKEN } }));
    const client = await openWeb(t, fixture, bearer(OTHER_TOKEN));
    t.like((await client.call('hello')).result, { role: 'read' });
  },
  'http.origins': async (t) => {
    const fixture = await start(t, { web: true });
    const origin = 'http://localhost:3000';
    await t.throwsAsync(openWeb(t, fixture, { origin }), { message: 'refused 403' });
    fixture.gateway.reload(settings(fixture, { http: { origins: [origin] } }));
    t.truthy((await (await openWeb(t, fixture, { origin })).call('hello')).result);
  },
  'http.read_only': async (t) => {
    const fixture = await start(t, { web: true });
    fixture.gateway.reload(settings(fixture, { http: { read_only: true } }));
    t.like((await (await openWeb(t, fixture)).call('hello')).result, { role: 'read' });
  },
  'log.format': async (t) => {
    const fixture = await start(t);
    fixture.gateway.reload(settings(fixture, { log: { format: 'json' } }));
    fixture.root.say('00 00 03 6F 6E');
    t.like(JSON.parse(fixture.logged.at(-1) ?? ''), { room: 'network', level: 'info' });
  },
};

async function withThresholds(t: ExecutionContext) {
  const fixture = await start(t);
  fixture.root.say('00 05 52 00');
  fixture.gateway.reload(settings(fixture, { mesh: { idle_after_s: 7, disconnected_after_s: 8 } }));
  return { facts: fixture.hub.picture.explainNode(5) ?? [] };
}

test('each setting that can change at run time is tested below', (t) => {
  t.deepEqual(Object.keys(effects), [...RELOADABLE]);
  const names = settingNames();
  for (const name of RELOADABLE) t.true(names.includes(name), name);
});

for (const [name, effect] of Object.entries(effects)) {
  test(`${name} takes effect without a restart`, effect);
}

test('changed settings are listed, and those that need a restart, again the next time', async (t) => {
  const fixture = await start(t);
  const next = settings(fixture, { baud: 9600, names: { '0x0005': 'Pump' }, http: { classic: 'v2' } });
  const needRestart = ['baud', 'http.classic'];
  t.deepEqual(fixture.gateway.reload(next), { applied: ['names'], needRestart });
  t.deepEqual(fixture.gateway.reload(next), { applied: [], needRestart });
  t.deepEqual(fixture.gateway.reload(settings(fixture, {})), { applied: ['names'], needRestart: [] });
});

test('contradictory settings are refused, and all stay unchanged', async (t) => {
  const options = {
    web: { host: '0.0.0.0' },
    settings: { http: { token: TOKEN }, names: { '0x0005': 'Pump' } },
  };
  const fixture = await start(t, options);
  const client = await openWeb(t, fixture, bearer(TOKEN));
  const error = t.throws(() => fixture.gateway.reload(settings(fixture, { names: { '0x0005': 'Well' } })), {
    code: 'BAD_CONFIG',
  });
  t.regex(error?.message ?? '', /a token is required/);
  t.is(fixture.hub.picture.addressOf('pump'), 5);
  t.truthy((await client.call('hello')).result);
});

test('connected clients are not affected', async (t) => {
  const fixture = await start(t);
  const listening = await listenTo(fixture.socketPath);
  const half = await connectTo(fixture.socketPath);
  half.write('ACT');
  fixture.gateway.reload(settings(fixture, { clients: { max: 2 }, names: { '0x0005': 'Pump' } }));
  half.write('-C');
  t.is((await readAll(half)).toString('hex'), '5300');
  fixture.root.say('00 05 52 00');
  t.is((await listening.has(4)).toString('hex'), '00055200');
  listening.close();
});

test('only settings that can change at run time are changed', (t) => {
  const before = loadConfig({ names: { '0x0005': 'Pump' } }, undefined, {});
  const given = { port: '/dev/ttyS7', mesh: { values: 3, idle_after_s: 7 }, http: { token: TOKEN } };
  const after = loadConfig(given, undefined, {});
  const merged = withReloadable(before, after);
  t.deepEqual(changedSettings(before, merged), ['mesh.idle_after_s', 'http.token', 'names']);
  t.deepEqual(changedSettings(merged, after), ['port', 'mesh.values']);
  t.deepEqual(changedSettings(before, before), []);
});
