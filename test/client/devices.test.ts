import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import {
  ClientError,
  type ConnectOptions,
  connect,
  type DeliveryInfo,
  RequestError,
} from '../../src/client/index.js';
import { startGateway } from '../support/gateway-fixture.js';
import { FOR_EVER, PICTURE, startMovingBench, TOO_FAR } from '../support/moving-bench.js';
import { Relay } from '../support/relay.js';

async function setUp(t: ExecutionContext, options: ConnectOptions = {}) {
  const gateway = await startGateway();
  const source = startMovingBench(gateway.hub);
  const relay = await Relay.open(`${gateway.folder}/relay`, gateway.socketPath);
  const client = await connect({ socket: relay.path, ...options });
  t.teardown(async () => {
    client.close();
    relay.close();
    await gateway.close();
  });
  return { gateway, source, relay, client };
}

const move = (position: number) => ({ device: 'stage', name: 'move', arguments: { position } });

async function stagesOf(stages: AsyncIterable<DeliveryInfo>): Promise<string[]> {
  const all: string[] = [];
  for await (const { stage } of stages) all.push(stage);
  return all;
}

test('a device is listed with its commands, and its image comes as bytes', async (t) => {
  const { client } = await setUp(t);
  const { devices } = await client.devices();
  t.deepEqual(
    devices.map(({ id }) => id),
    ['stage'],
  );
  const { commands, link, images } = await client.device('stage');
  t.deepEqual(
    commands.map(({ name }) => name),
    ['move', 'home', 'calibrate'],
  );
  t.like(link, { state: 'up', port: 'bench.local:5000' });
  t.is(images[0]?.bytes, PICTURE.length);
  const { data, ...image } = await client.image('stage', 'Camera');
  t.deepEqual(data, PICTURE);
  t.like(image, { type: 'Camera', mediaType: 'image/png' });
  await t.throwsAsync(client.image('stage', 'StageState'), {
    instanceOf: RequestError,
    code: 'TYPE_NOT_FOUND',
  });
});

test('a command is followed through each of its stages', async (t) => {
  const { client } = await setUp(t);
  t.deepEqual(await stagesOf(client.followCommand(move(12))), [
    'queued',
    'accepted',
    'progress',
    'completed',
  ]);
  t.is((await client.command({ ...move(12), until: 'completed' })).stage, 'completed');
});

test('a command that fails, at once or later, throws the code of its failure', async (t) => {
  const { client, source } = await setUp(t);
  const seen: string[] = [];
  const failing = async () => {
    for await (const { stage } of client.followCommand(move(TOO_FAR))) seen.push(stage);
  };
  const error = await t.throwsAsync(failing(), { instanceOf: RequestError, code: 'REJECTED_BY_DEVICE' });
  t.regex(error?.message ?? '', /beyond the end stop/);
  await t.throwsAsync(stagesOf(client.followCommand(move(101))), { code: 'BAD_PARAMS' });
  const lost = stagesOf(client.followCommand(move(FOR_EVER)));
  setTimeout(() => source.setLink({ state: 'backingOff', since: Date.now() }), 100);
  await t.throwsAsync(lost, { code: 'LINK_DOWN' });
  await t.throwsAsync(stagesOf(client.followCommand(move(1))), { code: 'LINK_DOWN' });
});

test('it is aborted by its id, and its end is still yielded', async (t) => {
  const { client } = await setUp(t);
  const all: string[] = [];
  for await (const { id, stage } of client.followCommand(move(FOR_EVER))) {
    all.push(stage);
    if (stage === 'progress') await client.abort(id);
  }
  t.deepEqual(all, ['queued', 'accepted', 'progress', 'aborted']);
});

test('a signal or the end of the client ends the following, but not the command', async (t) => {
  const { client, gateway } = await setUp(t);
  let id = '';
  const following = async (signal: AbortSignal | undefined, end: () => void) => {
    for await (const delivery of client.followCommand(move(FOR_EVER), { signal })) {
      id = delivery.id;
      if (delivery.stage === 'progress') end();
    }
  };
  const ended = new AbortController();
  const reason = new Error('enough');
  t.is(await t.throwsAsync(following(ended.signal, () => ended.abort(reason))), reason);
  t.is(gateway.hub.commands.findDelivery(id)?.stage, 'progress');
  const closed = following(undefined, () => client.close());
  await t.throwsAsync(closed, { instanceOf: ClientError, code: 'CLOSED' });
});

test('the stages of a lost connection are caught up on', async (t) => {
  const { client, gateway, relay } = await setUp(t);
  const all: string[] = [];
  for await (const { id, stage } of client.followCommand(move(FOR_EVER))) {
    all.push(stage);
    if (stage !== 'progress') continue;
    relay.cut();
    gateway.hub.commands.abort(id);
  }
  t.deepEqual(all, ['queued', 'accepted', 'progress', 'aborted']);
});

test('without reconnecting, the end of the gateway ends the following', async (t) => {
  const { client, gateway } = await setUp(t, { reconnect: false });
  const lost = stagesOf(client.followCommand(move(FOR_EVER)));
  await once(AbortSignal.timeout(300), 'abort');
  await gateway.gateway.stop();
  const error = await t.throwsAsync<ClientError | RequestError>(lost);
  t.regex(error?.code ?? '', /^(CONNECTION_LOST|LINK_DOWN)$/);
});
