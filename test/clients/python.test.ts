/** The Python client has its own tests; they start gateway processes themselves. */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { hasPython, Program } from '../support/program.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const TIMEOUT_MS = 480_000;

const pythonTest = hasPython ? test : test.skip;
const without = hasPython ? '' : ' (skipped: python3 not found)';

pythonTest(`the Python client passes its own tests against real gateways${without}`, async (t) => {
  t.timeout(TIMEOUT_MS);
  const env = { MESHGATE_COMMAND: JSON.stringify([process.execPath, MAIN]) };
  const tests = new Program('python3', ['clients/python/test_meshgate.py'], { env, timeoutMs: TIMEOUT_MS });
  const code = await tests.ended;
  t.is(code, 0, tests.output);
  t.regex(tests.output, /^Ran [1-9]\d* tests/m);
});
