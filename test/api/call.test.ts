import test from 'ava';
import { AuditTrail } from '../../src/api/audit.js';
import { type CallOutcome, InternalCaller } from '../../src/api/call.js';
import { JsonWriter, wholeText, writeJson } from '../../src/api/long-reply.js';
import { createLog } from '../../src/base/log.js';
import type { Role } from '../../src/config/role.js';
import type { Delivery } from '../../src/hub/deliveries.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { FACTS } from '../support/session-fixture.js';

async function start(role: Role = 'admin') {
  const mesh = await NetworkFixture.up();
  const { hub, clock } = mesh;
  const logged: string[] = [];
  const log = createLog('test', (line) => logged.push(line), clock);
  const audit = new AuditTrail(clock, log);
  const gateway = { ...FACTS, audit };
  const caller = new InternalCaller({ hub, gateway, clock, log, name: 'inside', role });
  const call = (name: string, params: object, tag?: string) =>
    new Promise<CallOutcome>((resolve) => caller.call({ name, params, ...(tag && { tag }) }, resolve));
  /** The code of a call's refusal; undefined when it was carried out. */
  const refusal = async (name: string, params: object) => (await call(name, params)).error?.code;
  return { mesh, hub, audit, logged, caller, call, refusal };
}

test('a call takes an object and returns one; writeJson writes its long lists', async (t) => {
  const { mesh, call } = await start();
  for (let node = 1; node <= 40; node++)
    mesh.say(`00 ${node.toString(16).toUpperCase().padStart(2, '0')} 45 00`);
  t.like(await call('node', { node: 5 }), { result: { address: 5, status: 'active' } });
  const writer = new JsonWriter();
  const work = writeJson(await call('nodes', {}), writer);
  while (!work.next().done);
  const { result } = JSON.parse(wholeText(writer.finish()));
  t.is(result.nodes.length, 40);
});

test('a call is refused for the same reasons as in a session: method, role and parameters', async (t) => {
  const { refusal, audit, logged } = await start('send');
  t.is(await refusal('nonsense', {}), 'UNKNOWN_METHOD');
  t.is(await refusal('resetRoot', {}), 'FORBIDDEN');
  t.is(audit.counters().forbidden, 1);
  t.true(logged.some((line) => line.includes('resetRoot by inside on inside: not permitted')));
  t.is(await refusal('node', { nodes: 5 }), 'BAD_PARAMS');
  t.is(await refusal('node', { node: 5 }), 'NODE_NOT_FOUND');
});

test('only a session can subscribe', async (t) => {
  const { refusal } = await start();
  for (const params of [{}, { snapshot: true }]) {
    t.is(await refusal('subscribe', params), 'UNKNOWN_METHOD');
  }
  t.is(await refusal('unsubscribe', { subscription: '1' }), 'UNKNOWN_METHOD');
});

test('irreversible calls are audited, with the name of the caller', async (t) => {
  const { call, audit } = await start();
  await call('resetRoot', {});
  t.like(audit.last(1)[0], { client: 'inside', via: 'inside', action: 'resetRoot', outcome: 'done' });
});

test('the deliveries of a call carry its tag, and its owner; others carry none', async (t) => {
  const { call, hub } = await start();
  const seen: Delivery[] = [];
  hub.feed.subscribe((event) => {
    if (event.kind === 'delivery') seen.push(event.delivery);
  });
  await call('send', { node: 5, text: 'T' }, 'first');
  await call('send', { node: 5, text: 'T' });
  t.deepEqual(
    seen.map(({ owner, tag, stage }) => [owner, tag, stage]),
    [
      ['inside', 'first', 'queued'],
      ['inside', 'first', 'written'],
      ['inside', undefined, 'queued'],
      ['inside', undefined, 'written'],
    ],
  );
});

test('a caller may have 4,096 calls pending; an internal error is INTERNAL, and is logged', async (t) => {
  const { caller, refusal, hub, logged } = await start();
  const params = { node: 5, hex: '4501', until: 'answered' };
  const waiting = Array.from({ length: 4096 }, () => refusal('send', params));
  t.is(await refusal('hello', {}), 'TOO_MANY_REQUESTS');
  caller.close();
  await Promise.all(waiting);
  hub.health = () => {
    throw new Error('of our own');
  };
  t.is(await refusal('health', {}), 'INTERNAL');
  t.true(logged.some((line) => line.includes('of our own')));
});
