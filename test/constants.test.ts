/** Lists that cannot be generated from the constants in the code are compared with them here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { MAX_REQUEST_LENGTH } from '../src/api/errors.js';
import { packageRoot } from '../src/base/package-root.js';
import { CLIENT_ERRORS } from '../src/client/errors.js';
import { loadConfig } from '../src/config/load.js';
import { ROLES } from '../src/config/role.js';
import { NODE_STATUSES } from '../src/node/mesh-node.js';

const python = readFileSync(join(packageRoot, 'clients', 'python', 'meshgate.py'), 'utf8');

/** Codes that only a library with time-outs of its own, or with the classic dialect in the same class, can have. */
const OF_PYTHON_ONLY = ['ERROR', 'TIMED_OUT', 'BAD_REPLY'];
/** Of fleets, which the Python client does not join. */
const OF_FLEETS = ['NO_BROKER', 'NO_GATEWAY'];

test('the configuration accepts every role of a session, and no others', (t) => {
  const load = (role: string) => loadConfig({ flags: { clients: { role } }, env: {} }, {}).clients.role;
  t.deepEqual(ROLES.map(load), [...ROLES]);
  t.throws(() => load('root'), { message: /must be read, send or admin/ });
});

test('the Python client has the error codes of the client library, plus its own', (t) => {
  const codes = [...python.matchAll(/^ {4}code = "(\w+)"$/gm)].map(([, code = '']) => code);
  const shared = Object.keys(CLIENT_ERRORS).filter((code) => !OF_FLEETS.includes(code));
  t.deepEqual(codes.sort(), [...shared, ...OF_PYTHON_ONLY].sort());
});

test('the Python client names every status of a node', (t) => {
  const list = /``status``: only those that are\n\s+([^"]+)"""/.exec(python)?.[1] ?? '';
  const statuses = [...list.matchAll(/``(\w+)``/g)].map(([, status]) => status);
  t.deepEqual(statuses, [...NODE_STATUSES]);
});

test('every client knows the longest line that a session takes', (t) => {
  const limit = /^MAX_REQUEST = ([\d_]+)$/m.exec(python)?.[1]?.replaceAll('_', '');
  t.is(Number(limit), MAX_REQUEST_LENGTH);
});
