import test from 'ava';
import type { AgedValue, NodeInfo } from '../../src/api/shapes.js';
import { SessionFixture } from '../support/session-fixture.js';

interface Page {
  readonly values: readonly AgedValue[];
  readonly next: string | null;
}

/** Node 5 sends 0, 1, 2 … one a second. */
async function sequence(amount: number): Promise<SessionFixture> {
  const fixture = await SessionFixture.open();
  for (let value = 0; value < amount; value++) {
    fixture.mesh.say(`00 05 44 01 00 0${value}`);
    await fixture.mesh.pass(1000);
  }
  return fixture;
}

function bytes({ values }: { readonly values: readonly AgedValue[] }): string[] {
  return values.map((value) => value.bytes);
}

test('a node has the latest value of each type, raw and decoded, with its times and age', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 05 44 02 00 07 01 39 30 00 C7 CF FF');
  const receivedAt = fixture.mesh.clock.now();
  await fixture.mesh.pass(1500);
  const { values, lastHeardAt } = await fixture.result<NodeInfo>('node', { node: 5 });
  t.is(lastHeardAt, receivedAt);
  t.deepEqual(values[1], {
    node: 5,
    type: 'GPS',
    id: 1,
    bytes: '393000c7cfff',
    fields: { longitude: { value: 12.345, unit: 'deg' }, latitude: { value: -12.345, unit: 'deg' } },
    receivedAt,
    deviceTime: null,
    ageMs: 1500,
  });
});

test('the device time is included for types that carry one', async (t) => {
  const fixture = await SessionFixture.open();
  const report = Buffer.from('\0\x05{"gps_time":1700000000,"lat":515000000}\n', 'latin1');
  fixture.mesh.network.onFrame(report);
  const { values } = await fixture.result<Page>('latest', { type: 'Report' });
  t.like(values[0], { deviceTime: 1_700_000_000_000, fields: { lat: { value: 51.5, unit: 'deg' } } });
});

test('numbers that JSON cannot express are given by name', async (t) => {
  const fixture = await SessionFixture.open();
  fixture.mesh.say('00 05 05 00*6 F8 7F 00*6 F0 FF');
  const { values } = await fixture.result<Page>('latest', { type: 'Position' });
  t.like(values[0]?.fields, {
    latitude: { value: 'NaN', unit: 'deg' },
    longitude: { value: '-Infinity', unit: 'deg' },
  });
});

test('the latest value of every node is listed by ascending address, without a limit of 255', async (t) => {
  const fixture = await SessionFixture.open();
  for (let node = 1; node <= 300; node++)
    fixture.mesh.network.onFrame(Buffer.of(node >> 8, node, 0x44, 1, 0, 7));
  const { values } = await fixture.result<Page>('latest', { type: 'Sequence' });
  t.deepEqual(
    values.map(({ node }) => node),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

test('a type is named as in data-types.json, by id or by number in hex, in any case', async (t) => {
  const fixture = await sequence(1);
  for (const type of ['Sequence', 'sequence', 0, '0', '0x00']) {
    t.deepEqual(bytes(await fixture.result<Page>('latest', { type, node: 'node-5' })), ['00']);
  }
  t.deepEqual(await fixture.result('latest', { type: 'GPS', node: 5 }), { values: [] });
});

test('the value current at a time is the last one before it', async (t) => {
  const fixture = await sequence(3);
  const now = fixture.mesh.clock.now();
  const at = async (time: number) => bytes(await fixture.result<Page>('at', { type: 0, time }));
  t.deepEqual(await at(now - 3001), []);
  t.deepEqual(await at(now - 3000), ['00']);
  t.deepEqual(await at(now - 2001), ['00']);
  t.deepEqual(await at(now), ['02']);
});

test('a range includes both its ends, oldest first', async (t) => {
  const fixture = await sequence(5);
  const now = fixture.mesh.clock.now();
  const page = await fixture.result<Page>('range', { type: 0, node: 5, from: now - 4000, to: now - 2000 });
  t.deepEqual(bytes(page), ['01', '02', '03']);
  t.is(page.next, null);
});

test('a range is read page by page, every value once, even several with the same time', async (t) => {
  const fixture = await SessionFixture.open();
  for (const value of ['01', '02', '03']) fixture.mesh.say(`00 05 44 01 00 ${value}`);
  await fixture.mesh.pass(1);
  for (const value of ['04', '05']) fixture.mesh.say(`00 05 44 01 00 ${value}`);
  const found: string[] = [];
  let after: string | null | undefined;
  while (after !== null) {
    const params = { type: 0, node: 5, limit: 2, ...(after !== undefined && { after }) };
    const page: Page = await fixture.result<Page>('range', params);
    found.push(...bytes(page));
    after = page.next;
  }
  t.deepEqual(found, ['01', '02', '03', '04', '05']);
});

test('the last 10 values of a node and type are held', async (t) => {
  const fixture = await SessionFixture.open();
  for (let value = 0; value < 15; value++) {
    fixture.mesh.network.onFrame(Buffer.of(0, 5, 0x44, 1, 0, value));
  }
  const page = await fixture.result<Page>('range', { type: 0, node: 5 });
  t.is(page.values.length, 10);
  t.is(page.values[0]?.bytes, '05');
});

test('setting the host clock back makes no age negative', async (t) => {
  const fixture = await sequence(1);
  fixture.mesh.clock.setHostClock(0);
  const { values } = await fixture.result<Page>('latest', { type: 0 });
  t.is(values[0]?.ageMs, 0);
});

const WRONG: readonly (readonly [string, object, string])[] = [
  ['latest', { type: 'Weather' }, 'TYPE_NOT_FOUND'],
  ['latest', { type: 0, node: 5 }, 'NODE_NOT_FOUND'],
  ['at', { type: 0 }, 'BAD_PARAMS'],
  ['range', { type: 0 }, 'BAD_PARAMS'],
  ['range', { type: 0, node: 5, limit: 0 }, 'BAD_PARAMS'],
  ['range', { type: 0, node: 5, after: 'x' }, 'BAD_PARAMS'],
  ['node', { node: 5 }, 'NODE_NOT_FOUND'],
  ['node', { node: '' }, 'BAD_PARAMS'],
  ['nodes', { status: 'asleep' }, 'BAD_PARAMS'],
];

for (const [method, params, code] of WRONG) {
  test(`${method} ${JSON.stringify(params)} is refused with ${code}`, async (t) => {
    const fixture = await SessionFixture.open();
    t.is(await fixture.refusal(method, params), code);
  });
}
