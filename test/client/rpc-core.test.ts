import test, { type ExecutionContext } from 'ava';
import { ClientError, RequestError } from '../../src/client/errors.js';
import { RpcCore } from '../../src/client/rpc-core.js';

/** A core whose output and notifications the test reads. */
function setUp() {
  const written: string[] = [];
  const seen: unknown[] = [];
  const core = new RpcCore((text) => written.push(text), {
    onEvent: (subscription, event) => seen.push(['event', subscription, event.seq]),
    onGap: (subscription, { from, to, dropped }) => seen.push(['gap', subscription, from, to, dropped]),
    onClosing: (reason) => seen.push(['closing', reason]),
  });
  const post = (method: string, params: object = {}) =>
    core.post(method, params, {
      onResult: (result) => seen.push(['result', method, result]),
      onError: (error) => seen.push(['error', method, error]),
    });
  return { core, post, written, seen };
}

/** The error that a request failed with. */
function failureIn(t: ExecutionContext, entry: unknown): Error {
  const [kind, , error] = entry as [string, string, Error];
  t.is(kind, 'error');
  return error;
}

test('each reply finds its request by id, in any order', (t) => {
  const { core, post, written, seen } = setUp();
  post('hello');
  post('nodes', { limit: 2 });
  t.deepEqual(written, [
    '{"jsonrpc":"2.0","id":1,"method":"hello","params":{}}',
    '{"jsonrpc":"2.0","id":2,"method":"nodes","params":{"limit":2}}',
  ]);
  core.receive('{"jsonrpc":"2.0","id":2,"result":{"nodes":[]}}');
  core.receive('{"jsonrpc":"2.0","id":1,"result":{"role":"read"}}');
  t.deepEqual(seen, [
    ['result', 'nodes', { nodes: [] }],
    ['result', 'hello', { role: 'read' }],
  ]);
});

test('an error carries the code of the gateway, UNKNOWN where it has none', (t) => {
  const { core, post, seen } = setUp();
  post('node');
  post('node');
  core.receive('{"id":1,"error":{"code":-32010,"message":"no such node","data":{"code":"NODE_NOT_FOUND"}}}');
  core.receive('{"id":2,"error":{"code":-1,"message":"odd"}}');
  const errors = seen.map((entry) => failureIn(t, entry) as RequestError);
  t.true(errors.every((error) => error instanceof RequestError));
  t.deepEqual(
    errors.map(({ code, message }) => [code, message]),
    [
      ['NODE_NOT_FOUND', 'no such node'],
      ['UNKNOWN', 'odd'],
    ],
  );
});

test('notifications are passed on in order of arrival', (t) => {
  const { core, seen } = setUp();
  core.receive('{"method":"event","params":{"subscription":"1","event":{"seq":7}}}');
  core.receive('{"method":"gap","params":{"subscription":"1","from":8,"to":9,"dropped":2,"coalesced":0}}');
  core.receive('{"method":"closing","params":{"reason":"STOPPED"}}');
  core.receive('{"method":"later","params":{}}');
  t.deepEqual(seen, [
    ['event', '1', 7],
    ['gap', '1', 8, 9, 2],
    ['closing', 'STOPPED'],
  ]);
});

test('a text that is not a message, or matches no request, changes nothing', (t) => {
  const { core, post, seen } = setUp();
  post('hello');
  for (const text of [
    '',
    '{',
    'null',
    '7',
    '"x"',
    '[]',
    '{}',
    '{"id":null,"error":{"message":"?"}}',
    '{"id":9}',
  ])
    t.notThrows(() => core.receive(text), text);
  t.deepEqual(seen, []);
  t.false(core.hasServed);
  core.receive('{"id":1,"result":{}}');
  core.receive('{"id":1,"result":{}}');
  t.is(seen.length, 1);
  t.true(core.hasServed);
});

test('when the connection ends, every request fails once, later ones too', (t) => {
  const { core, post, written, seen } = setUp();
  post('hello');
  core.end(new ClientError('CONNECTION_LOST'));
  core.end(new ClientError('CLOSED'));
  core.receive('{"id":1,"result":{}}');
  post('status');
  t.is(written.length, 1);
  const codes = seen.map((entry) => (failureIn(t, entry) as ClientError).code);
  t.deepEqual(codes, ['CONNECTION_LOST', 'CONNECTION_LOST']);
});

test('a request of more than 1 MiB is not sent: bytes count, not characters', (t) => {
  const { post, written, seen } = setUp();
  post('log', { text: 'x'.repeat(1_000_000) });
  t.is(written.length, 1);
  post('log', { text: '€'.repeat(400_000) });
  t.is(written.length, 1);
  t.is((failureIn(t, seen[0]) as ClientError).code, 'LINE_TOO_LONG');
});
