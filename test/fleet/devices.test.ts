/** Devices of a fleet: everything that works over a socket, over a broker. */
import test, { type ExecutionContext } from 'ava';
import { connectFleet } from '../../src/fleet/index.js';
import { Summaries } from '../../src/fleet/summary.js';
import { AedesBroker } from '../support/aedes-broker.js';
import { startGateway } from '../support/gateway-fixture.js';
import { FOR_EVER, PICTURE, startMovingBench, TOO_FAR } from '../support/moving-bench.js';
import { runToEnd } from '../support/process-fixture.js';

/** Two gateways, of which north has a stage. */
async function startFarm(t: ExecutionContext) {
  const broker = await AedesBroker.start();
  const settings = (id: string) => ({ settings: { mqtt: { url: broker.url, id } } });
  const [north, south] = await Promise.all([
    startGateway(settings('north')),
    startGateway(settings('south')),
  ]);
  startMovingBench(north.hub);
  const fleet = await connectFleet({ url: broker.url });
  t.teardown(async () => {
    await fleet.close();
    await Promise.all([north.close(), south.close()]);
    await broker.vanish();
  });
  const areOnline = () => fleet.gateways().filter(({ state }) => state === 'online').length === 2;
  while (!areOnline()) await new Promise((resolve) => setTimeout(resolve, 50));
  const client = await fleet.client('north');
  t.teardown(() => client.close());
  return { broker, fleet, client };
}

test('a device is read, commanded, followed and aborted over the broker', async (t) => {
  const { fleet, client } = await startFarm(t);
  t.is((await client.devices()).devices[0]?.id, 'stage');
  t.is((await client.device('stage')).commands[0]?.name, 'move');
  t.deepEqual((await client.image('stage', 'Camera')).data, PICTURE);
  const stages: string[] = [];
  const move = (position: number) => ({ device: 'stage', name: 'move', arguments: { position } });
  for await (const { stage } of client.followCommand(move(12))) stages.push(stage);
  t.deepEqual(stages, ['queued', 'accepted', 'progress', 'completed']);
  stages.length = 0;
  for await (const { id, stage } of client.followCommand(move(FOR_EVER))) {
    stages.push(stage);
    if (stage === 'progress') await client.abort(id);
  }
  t.deepEqual(stages, ['queued', 'accepted', 'progress', 'aborted']);
  await t.throwsAsync(client.command({ ...move(TOO_FAR), until: 'completed' }), {
    code: 'REJECTED_BY_DEVICE',
  });
  await t.throwsAsync(client.command(move(101)), { code: 'BAD_PARAMS' });
  const summaries = new Summaries(fleet);
  t.teardown(() => summaries.close());
  const counts = (await summaries.read()).map(({ id, devices }) => [id, devices?.total]);
  t.deepEqual(counts, [
    ['north', 1],
    ['south', 0],
  ]);
});

test('the command line finds devices of all gateways, and commands one of them', async (t) => {
  const { broker } = await startFarm(t);
  const run = (line: string) => runToEnd(['--fleet', broker.url, ...line.split(' ')]);
  t.regex((await run('devices')).stdout, /^north\/stage +motion +active/m);
  t.regex((await run('get StageState')).stdout, /^north\/stage +MOVING/m);
  const shown = await run('device north/stage');
  t.is(shown.code, 0, shown.stderr);
  t.regex(shown.stdout, /north\/stage {2}active\n/);
  const followed = await run('command north/stage move position=12 --yes --follow');
  t.is(followed.code, 0, followed.stderr);
  t.regex(followed.stdout, /north\/stage +command +move: completed: \{"position":12\}/);
  const given = await run(`command north/stage move position=${FOR_EVER} --yes`);
  const [, id] = /--gateway north --delivery (\S+)/.exec(given.stdout) ?? [];
  const aborted = await run(`abort north/${id}`);
  t.is(aborted.code, 0, aborted.stdout + aborted.stderr);
  t.is((await run('command south/stage home')).code, 1);
});
