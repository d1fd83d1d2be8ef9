import test, { type ExecutionContext } from 'ava';
import { SESSION_ERRORS } from '../../src/api/errors.js';
import type { StreamEvent } from '../../src/client/index.js';
import { connectFleet, type Fleet, type GatewayState } from '../../src/fleet/index.js';
import { AedesBroker } from '../support/aedes-broker.js';
import { freePort } from '../support/free-port.js';
import { type GatewayFixture, startGateway } from '../support/gateway-fixture.js';

const DATA_OF_5 = Buffer.from('0005440200070139300009bc00', 'hex');
const DATA_OF_6 = Buffer.from('0006440200070139300009bc00', 'hex');

interface Farm {
  readonly fleet: Fleet;
  readonly broker: AedesBroker;
  readonly gateways: Readonly<Record<string, GatewayFixture>>;
}

/** Gateways in this process, each with a scripted root, and a broker that speaks MQTT 3.1.1. */
async function startFarm(t: ExecutionContext, ids: readonly string[]): Promise<Farm> {
  const broker = await AedesBroker.start();
  const gateways: Record<string, GatewayFixture> = {};
  for (const id of ids) {
    gateways[id] = await startGateway({ settings: { mqtt: { url: broker.url, id } } });
    gateways[id].root.say(DATA_OF_5);
    gateways[id].root.say(DATA_OF_6);
  }
  const fleet = await connectFleet({ url: broker.url });
  t.teardown(async () => {
    await fleet.close();
    await Promise.all(Object.values(gateways).map((gateway) => gateway.close()));
    await broker.vanish();
  });
  for (const id of ids) await untilState(fleet, id, 'online');
  return { fleet, broker, gateways };
}

function untilState(fleet: Fleet, id: string, state: GatewayState['state']): Promise<GatewayState> {
  return new Promise((resolve) => {
    const look = () => {
      const found = fleet.gateways().find((gateway) => gateway.id === id && gateway.state === state);
      if (!found) return;
      forget();
      resolve(found);
    };
    const forget = fleet.onChange(look);
    look();
  });
}

async function nextOf<Kind extends StreamEvent['kind']>(
  stream: AsyncIterator<StreamEvent>,
  kind: Kind,
): Promise<Extract<StreamEvent, { kind: Kind }>> {
  for (;;) {
    const { value, done } = await stream.next();
    if (done) throw new Error(`the stream ended without ${kind}`);
    if (value.kind === kind) return value as Extract<StreamEvent, { kind: Kind }>;
  }
}

test('every gateway of the prefix is listed, and each has a client with the same methods as over a socket', async (t) => {
  const { fleet } = await startFarm(t, ['south', 'north']);
  t.deepEqual(
    fleet.gateways().map(({ id, state, reason }) => ({ id, state, reason })),
    ['north', 'south'].map((id) => ({ id, state: 'online', reason: 'connected' })),
  );
  const client = await fleet.client('north');
  t.teardown(() => client.close());
  t.is(client.path, 'north');
  const { nodes } = await client.nodes();
  t.deepEqual(
    nodes.map(({ address }) => address),
    [5, 6],
  );
  t.is((await client.hello()).role, 'admin');
  t.is((await client.status()).nodes.total, 2);
});

test('an error of the gateway arrives as over a socket', async (t) => {
  const { fleet } = await startFarm(t, ['north']);
  const client = await fleet.client('north');
  t.teardown(() => client.close());
  await t.throwsAsync(client.node(99), { name: 'RequestError', message: /no node with this address/ });
  await t.throwsAsync(client.call('clean', { confirm: true }), { message: /mqtt\.commands/ });
  const stream = client.subscribe({ types: ['NoSuchType'] });
  await t.throwsAsync(stream.next(), { message: /NoSuchType: no data type/ });
});

test("errors have the session's numbers; errors of the connector alone have one of their own", async (t) => {
  const { fleet } = await startFarm(t, ['north']);
  const lines: string[] = [];
  let onLine = () => {};
  const channel = await fleet.transport('north').open({
    onLine: (line) => {
      lines.push(line);
      onLine();
    },
    onClosed: () => {},
  });
  t.teardown(() => channel.close());
  const refusedBy = async (method: unknown, params: object) => {
    const came = new Promise<void>((resolve) => {
      onLine = resolve;
    });
    channel.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    await came;
    const { error } = JSON.parse(lines.pop() ?? '{}') as { error: { code: number; data: { code: string } } };
    return [error.data.code, error.code];
  };
  for (const [method, params, code] of [
    ['node', { node: 99 }, 'NODE_NOT_FOUND'],
    ['node', { nodes: 5 }, 'BAD_PARAMS'],
    [5, {}, 'INVALID_REQUEST'],
    ['subscribe', { kinds: ['weather'] }, 'BAD_PARAMS'],
    ['subscribe', { types: ['NoSuchType'] }, 'TYPE_NOT_FOUND'],
    ['unsubscribe', { subscription: '7' }, 'SUBSCRIPTION_NOT_FOUND'],
  ] as const) {
    t.deepEqual(await refusedBy(method, params), [code, SESSION_ERRORS[code].rpc]);
  }
  t.deepEqual(await refusedBy('clean', { confirm: true }), ['NOT_ALLOWED', -32099]);
});

test('events come with a snapshot, filtered by name, and are resumed with an exact gap', async (t) => {
  const { fleet, gateways } = await startFarm(t, ['north', 'south']);
  const client = await fleet.client('north');
  t.teardown(() => client.close());
  const stream = client.subscribe({
    snapshot: true,
    nodes: ['Node-5'],
    types: ['Sequence'],
    kinds: ['value'],
  });
  const { snapshot } = await nextOf(stream, 'snapshot');
  t.is(snapshot.nodes.length, 2);
  gateways.south?.root.say(DATA_OF_5);
  gateways.north?.root.say(DATA_OF_5);
  const first = await stream.next();
  t.like(first.value, { kind: 'value', value: { node: 5, type: 'Sequence' } });

  const resumed = client.subscribe({ since: 1, kinds: ['value'] });
  const gone = await nextOf(resumed, 'gap');
  t.is(gone.from, 2);
  const wanted = first.value?.kind === 'value' ? first.value.seq : 0;
  let again = await nextOf(resumed, 'value');
  t.true((gone.to ?? 0) < again.seq);
  while (again.seq < wanted) again = await nextOf(resumed, 'value');
  t.is(again.seq, wanted);
});

test('a gateway that stops ends only its own client', async (t) => {
  const { fleet, gateways } = await startFarm(t, ['north', 'south']);
  const changes: boolean[] = [];
  const client = await fleet.client('north', {
    onConnectionChange: (isConnected) => changes.push(isConnected),
  });
  const other = await fleet.client('south');
  t.teardown(() => [client.close(), other.close()]);
  await gateways.north?.close();
  t.is((await untilState(fleet, 'north', 'offline')).reason, 'stopped');
  t.deepEqual(changes, [false]);
  t.is((await other.nodes()).nodes.length, 2);
  await t.throwsAsync(fleet.client('north'), { name: 'ClientError', message: /north.*not online/ });
  t.is(fleet.gateways().length, 2);
});

test('without a broker, or for an unknown gateway, it reports so', async (t) => {
  const url = `mqtt://user:secret@127.0.0.1:${await freePort()}`;
  const error = await t.throwsAsync(connectFleet({ url }), { name: 'ClientError' });
  t.false(String(error).includes('secret'));
  t.regex(String(error), /connect to the MQTT broker/);
  const { fleet } = await startFarm(t, ['north']);
  await t.throwsAsync(fleet.client('nowhere'), { message: /nowhere/ });
});

test('a broker that goes down disconnects the clients, and they come back with it', async (t) => {
  const { fleet, broker } = await startFarm(t, ['north']);
  let onChange = (_: boolean) => {};
  const next = () =>
    new Promise<boolean>((resolve) => {
      onChange = resolve;
    });
  const client = await fleet.client('north', { onConnectionChange: (is) => onChange(is) });
  t.teardown(() => client.close());
  const lost = next();
  await broker.vanish();
  t.false(await lost);
  const back = next();
  await broker.comeBack();
  t.true(await back);
  t.is((await client.nodes()).nodes.length, 2);
});
