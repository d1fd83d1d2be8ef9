import test from 'ava';
import { describeEvent } from '../../src/api/describe.js';
import { type EventCriteria, EventFilter, HUB_EVENTS, MESH_EVENTS } from '../../src/api/event-filter.js';
import type { MeshEvent } from '../../src/api/shapes.js';
import type { HubEvent } from '../../src/hub/hub.js';
import { ManualClock } from '../support/manual-clock.js';
import { NetworkFixture } from '../support/network-fixture.js';

async function events(...bodies: readonly string[]): Promise<readonly HubEvent[]> {
  const mesh = await NetworkFixture.up();
  const seq = mesh.hub.feed.lastSeq();
  mesh.say(...bodies);
  return mesh.hub.feed.replay(seq).events;
}

/** The numbers that pass, once from the hub's form of the events and once from the clients' form. */
function pass(given: readonly HubEvent[], criteria: Partial<EventCriteria>): number[][] {
  const clock = new ManualClock();
  const all = { minIntervalMs: 0, ...criteria };
  const [hub, mesh]: number[][] = [[], []];
  const ofHub = new EventFilter<HubEvent>({
    criteria: all,
    form: HUB_EVENTS,
    clock,
    give: ({ seq }) => hub?.push(seq),
  });
  const ofMesh = new EventFilter<MeshEvent>({
    criteria: all,
    form: MESH_EVENTS,
    clock,
    give: ({ seq }) => mesh?.push(seq),
  });
  for (const event of given) {
    ofHub.take(event);
    ofMesh.take(describeEvent(event));
  }
  return [hub ?? [], mesh ?? []];
}

for (const criteria of [
  {},
  { kinds: new Set(['node', 'console']) },
  { nodes: new Set([5]) },
  { opcodes: new Set([0x44]) },
  { types: new Set([0]) },
  { minIntervalMs: 1000 },
  { kinds: new Set(['value']), nodes: new Set([6]), types: new Set([0, 2]), minIntervalMs: 1000 },
]) {
  const name = Object.entries(criteria).map(([key, value]) =>
    value instanceof Set ? `${key} ${[...value]}` : key,
  );
  test(`the hub’s events and those of clients are filtered alike: ${name.join(', ') || 'all'}`, async (t) => {
    const given = await events(
      '00 05 44 01 00 07',
      '00 05 44 02 00 07 11 A0 05',
      '00 06 44 01 00 07',
      '00 06 44 01 00 08',
      '00 05 45 01',
      '00 05 FE 01',
    );
    const [hub, mesh] = pass(given, criteria);
    t.true((hub?.length ?? 0) > 0);
    t.deepEqual(hub, mesh);
  });
}

const value = (seq: number, node: number, id: number) =>
  ({ seq, kind: 'value', at: 0, value: { node, id } }) as MeshEvent;

function start(isBackedUp = () => false) {
  const clock = new ManualClock();
  const given: string[] = [];
  const begun = clock.monotonic();
  const filter = new EventFilter<MeshEvent>({
    criteria: { minIntervalMs: 1000 },
    form: MESH_EVENTS,
    clock,
    give: ({ seq }) => given.push(`${seq} at ${clock.monotonic() - begun}`),
    isBackedUp,
  });
  return { clock, given, filter };
}

test('each node’s latest value is sent when its own interval is over, even if another’s timer ends later', (t) => {
  const { clock, given, filter } = start();
  filter.take(value(1, 5, 1));
  clock.advance(500);
  filter.take(value(2, 6, 1));
  clock.advance(100);
  filter.take(value(3, 6, 1));
  filter.take(value(4, 5, 1));
  t.is(filter.waiting, 2);
  clock.advance(400);
  t.deepEqual(given, ['1 at 0', '2 at 500', '4 at 1000']);
  clock.advance(500);
  t.deepEqual(given.slice(3), ['3 at 1500']);
  t.is(filter.waiting, 0);
});

test('devices whose address and type collide do not take each other’s turn', (t) => {
  const { given, filter } = start();
  filter.take(value(1, 0x10300, 0x200));
  filter.take(value(2, 0x10301, 0x100));
  t.is(given.length, 2);
});

test('values that fall due while the client is backed up wait until it has caught up', (t) => {
  let isBackedUp = false;
  const { clock, given, filter } = start(() => isBackedUp);
  filter.take(value(1, 5, 1));
  filter.take(value(2, 5, 1));
  isBackedUp = true;
  clock.advance(1500);
  t.deepEqual(given, ['1 at 0']);
  isBackedUp = false;
  filter.sendDue();
  t.deepEqual(given, ['1 at 0', '2 at 1500']);
});

test('a closed filter emits nothing', (t) => {
  const { clock, given, filter } = start();
  filter.take(value(1, 5, 1));
  filter.take(value(2, 5, 1));
  filter.close();
  clock.advance(5000);
  t.deepEqual(given, ['1 at 0']);
});
