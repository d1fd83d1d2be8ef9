/** JSON-RPC: every request with an id is answered, and never with an internal error. */
import fc from 'fast-check';
import { methods } from '../../src/api/methods/index.js';
import { settled } from '../../test/support/manual-clock.js';
import { SessionFixture } from '../../test/support/session-fixture.js';
import { must, type Target } from '../target.js';

const names = methods.map(({ name }) => name);
const params = [...new Set(methods.flatMap((method) => Object.keys(method.params.shape)))];

const paramValue = fc.oneof(
  fc.constantFrom(5, '0x0005', 'GPS', 'Echo', 'aa', true, 'written', 'queued', 'nodes', -1, 1e308, null, ''),
  fc.jsonValue({ maxDepth: 2 }),
);
const request = fc.record({
  jsonrpc: fc.constant('2.0'),
  id: fc.oneof(fc.nat(9), fc.string({ maxLength: 5 })),
  method: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.string() },
  ),
  params: fc.oneof(
    fc.dictionary(fc.constantFrom(...params), paramValue, { maxKeys: 4 }),
    fc.jsonValue({ maxDepth: 2 }),
  ),
});

let fixture: Promise<SessionFixture> | undefined;

export const sessionTarget: Target = {
  name: 'session',
  words: [
    ...names,
    ...params,
    '{"jsonrpc":"2.0","id":1,"method":"',
    '"params":{',
    '"__proto__":',
    '1e999',
    '\\ud800',
  ],
  inputs: fc
    .oneof(request, fc.array(request, { maxLength: 3 }))
    .map((value) => Buffer.from(JSON.stringify(value))),
  async run(input) {
    fixture ??= openFixture();
    const { transport, logged, mesh, session } = await fixture;
    session.receive(input.toString('utf8'));
    await settled();
    mesh.clock.advance(60_000);
    await settled();
    must(logged.length === 0, logged.join('\n'));
    const codes = transport.texts.map(outcomeOf);
    transport.texts.length = 0;
    mesh.forget();
    return [...new Set(codes)].sort().join();
  },
};

/** One session for the entire run. */
async function openFixture(): Promise<SessionFixture> {
  const opened = await SessionFixture.open({
    settings: { eventsHeld: 100, maxNodes: 100, refreshEveryMs: 0 },
  });
  opened.mesh.say('00 05 44 02 00 07 01 01 02 03 04 05 06', '00 06 44 01 00 08');
  return opened;
}

function outcomeOf(text: string): string {
  const said = JSON.parse(text) as { method?: string; error?: { data: { code: string }; message: string } };
  must(said.error?.data.code !== 'INTERNAL', 'the gateway made a mistake');
  if (said.error) return said.error.message.replace(/[\d"'].*/s, '').slice(0, 100);
  return said.method ?? 'result';
}
