import test from 'ava';
import { NodeNames } from '../../src/protocol/node-names.js';
import { NetworkFixture, word } from '../support/network-fixture.js';

const NO_REFRESH = { refreshEveryMs: 0 };

test('the last ten values of each type are kept', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  for (let sequence = 10; sequence < 30; sequence++) fixture.say(`00 05 44 01 00 ${sequence}`);
  const range = { node: 5, typeId: 0, from: 0, to: Number.MAX_SAFE_INTEGER };
  const values = fixture.hub.picture.values(range).map(({ bytes }) => bytes.toString('hex'));
  t.deepEqual(values, ['20', '21', '22', '23', '24', '25', '26', '27', '28', '29']);
});

test('when the table is full the node that was heard longest ago is forgotten, with a counter and an event', async (t) => {
  const fixture = await NetworkFixture.up({ ...NO_REFRESH, maxNodes: 2 });
  fixture.say('00 05 52 00', '00 06 52 00', '00 05 52 00', '00 07 52 00');
  t.deepEqual(fixture.statuses(), ['5 active', '7 active']);
  t.is(fixture.hub.counters().picture.nodesEvicted, 1);
  const forgotten = fixture.events.filter((event) => event.kind === 'node' && event.change === 'forgotten');
  t.deepEqual(
    forgotten.map((event) => event.kind === 'node' && event.node),
    [6],
  );
});

test('every unicast address can be a node', async (t) => {
  const fixture = await NetworkFixture.up(NO_REFRESH);
  for (let address = 1; address <= 0x7fff; address++) fixture.say(`${word(address)} 52 00`);
  t.is(fixture.hub.picture.activeNodeCount(), 0x7fff);
  t.is(fixture.hub.counters().picture.nodesEvicted, 0);
});

test('a node has the name that the site configured, or one from its number', async (t) => {
  const fixture = await NetworkFixture.up({ ...NO_REFRESH, names: new NodeNames(new Map([[5, 'Gate']])) });
  fixture.say('00 05 52 00', '00 06 52 00');
  t.deepEqual(
    fixture.hub.picture.nodes().map(({ name }) => name),
    ['Gate', 'Node-6'],
  );
});
