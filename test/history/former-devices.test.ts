/** The values and commands of a device after a restart in which its source does not exist any more. */
import test from 'ava';
import { connect } from '../../src/client/index.js';
import { BenchSource, FIRST_SUPPLY, SUPPLY } from '../support/bench-source.js';
import { CommandedBench, FIRST_STAGE } from '../support/commanded-bench.js';
import { startGateway, temporaryFolder } from '../support/gateway-fixture.js';

test('its values are read as bytes under its id, and clients that resume get its commands', async (t) => {
  t.timeout(60_000);
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const first = await startGateway({ state: folder.path });
  const bench = new BenchSource(first.hub);
  bench.link('up');
  bench.report(1200);
  const stage = new CommandedBench(first.hub, Date.now);
  stage.link('up');
  const definition = { name: 'home', summary: '', arguments: [] };
  const by = { owner: 'test' };
  const begun = first.hub.feed.lastSeq();
  const { id } = first.hub.commands.command({ address: FIRST_STAGE, definition, arguments: {}, by });
  stage.lastRun.complete({ hex: 'ff' });
  await first.close();

  const { socketPath: socket, hub, close } = await startGateway({ state: folder.path });
  t.teardown(close);
  const client = await connect({ socket });
  t.teardown(() => client.close());
  const asBytes = { node: FIRST_SUPPLY, device: 'hv:1', id: SUPPLY.id, bytes: '04b0', fields: {} };
  const series = { node: 'hv:1', type: 'Supply' };
  const page = await client.call('range', series);
  t.is(page.undecoded, 1);
  t.like(page.values[0], { ...asBytes, type: 'Supply' });
  const current = await client.call('at', { ...series, time: Date.now() });
  t.like(current.values[0], asBytes);
  const exported = await client.call('export', { node: 'hv:1' });
  t.like(exported.values[0], { ...asBytes, name: 'hv:1' });
  const summed = await client.call('aggregate', { ...series, from: 0, to: 9e15, bucketMs: 1e12 });
  t.deepEqual(summed, { buckets: [], undecoded: 1 });

  const { events } = hub.feed.replay(begun);
  const stages = events.flatMap((event) => (event.kind === 'delivery' ? [event.delivery] : []));
  t.deepEqual(
    stages.map((delivery) => [delivery.id, delivery.device, delivery.stage, delivery.result]),
    [
      [id, 'stage', 'queued', undefined],
      [id, 'stage', 'completed', { hex: 'ff' }],
    ],
  );
});
