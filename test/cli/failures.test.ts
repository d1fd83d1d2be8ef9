import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { reportFailure } from '../../src/cli/exit-codes.js';
import { systemErrorText, withoutErrno } from '../../src/cli/text/system-error.js';
import { ClientError, RequestError } from '../../src/client/errors.js';

const reported = (error: unknown) => {
  let text = '';
  const exitCode = reportFailure(error, (piece) => (text += piece));
  return { text, exitCode };
};

/** Texts with errors of system calls as Node words them, and the same for users. */
const SYSTEM_TEXTS = [
  ["/a.toml: ENOENT: no such file or directory, open '/a.toml'", '/a.toml: no such file or directory'],
  ["/a: EXDEV: cross-device link not permitted, rename '/a' -> '/b'", '/a: cross-device link not permitted'],
  ['mqtt://h (connect ECONNREFUSED 127.0.0.1:1): no', 'mqtt://h (connection refused 127.0.0.1:1): no'],
  ['listen EADDRINUSE: address already in use ::1:80', 'address already in use ::1:80'],
  ['getaddrinfo ENOTFOUND broker', 'unknown host broker'],
  ['write EPIPE', 'broken pipe'],
  ['EACCES in the middle, and connect ENOSUCHCODE', 'EACCES in the middle, and connect ENOSUCHCODE'],
] as const;

for (const [given, shown] of SYSTEM_TEXTS) {
  test(`"${given}" is shown as "${shown}"`, (t) => {
    t.is(withoutErrno(given), shown);
  });
}

test('a system error is shown in the system’s words', (t) => {
  const error = Object.assign(new Error('spawn nope ENOENT'), { errno: -2 });
  t.is(systemErrorText(error), 'no such file or directory');
  t.is(systemErrorText(new Error('larger than 2 GiB')), 'larger than 2 GiB');
});

test('a failure has one prefix, and its hint is on the next line', (t) => {
  const error = new MeshgateError('FILE_FAILED', '/x: ENOSPC: no space left on device, write', 'free some');
  t.deepEqual(reported(error), { text: 'meshgate: /x: no space left on device\n  free some\n', exitCode: 1 });
  t.regex(
    reported(new ClientError('NO_BROKER', 'mqtt://h (connect ECONNREFUSED ::1:1)')).text,
    /connection refused/,
  );
});

/** What the gateway answers to programs, and what a user at a terminal sees. */
const REFUSALS = [
  [
    'NODE_NOT_FOUND',
    '99: no node has this address; the method nodes lists them',
    '99: no node has this address',
  ],
  ['HISTORY_FAILED', 'could not be read; the method status shows its state', 'could not be read'],
  [
    'BAD_PARAMS',
    'x: more than 10: the parameters are wrong; rpc.discover tells what is allowed',
    'x: more than 10',
  ],
  [
    'BAD_PARAMS',
    'x: more than 10: invalid parameters; check the description of the method',
    'x: more than 10',
  ],
  ['BAD_PARAMS', 'the parameters are wrong; rpc.discover tells what is allowed', 'the parameters are wrong'],
  [
    'UNKNOWN_METHOD',
    'unknown method; rpc.discover lists the methods',
    'the gateway does not support this command',
  ],
  [
    'BUSY',
    'too many commands are waiting; try again in a second',
    'too many commands are waiting; try again in a second',
  ],
] as const;

for (const [code, message, shown] of REFUSALS) {
  test(`${code} "${message}" names no method`, (t) => {
    t.is(reported(new RequestError(code, message)).text.split('\n')[0], `meshgate: ${shown}`);
  });
}
