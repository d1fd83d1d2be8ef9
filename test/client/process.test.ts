import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startGateway } from '../support/gateway-fixture.js';
import { PATIENCE_MS } from '../support/waiters.js';

const LIBRARY = fileURLToPath(new URL('../../src/client/index.js', import.meta.url));

/** Runs a program that uses the library until it exits; the code is null if it had to be killed. */
async function run(program: string, socket: string, uid?: number) {
  const text = `import * as meshgate from ${JSON.stringify(LIBRARY)};\nconst socket = ${JSON.stringify(socket)};\n${program}`;
  const args = ['--input-type=module', '--eval', text];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    ...(uid !== undefined && { uid }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, output: output.trim() };
}

const PROGRAMS = {
  'a program that closes its client': `
    const client = await meshgate.connect({ socket });
    await client.hello();
    const stream = client.subscribe({ snapshot: true });
    await stream.next();
    client.close();
    console.log('done');`,
  'a program that closes while a call waits': `
    const client = await meshgate.connect({ socket });
    const ping = client.ping({ node: 5, timeoutMs: 600000 }).catch(({ code }) => console.log(code));
    client.close();
    await ping;
    console.log('done');`,
  'a program whose signal aborts': `
    const abort = new AbortController();
    const client = await meshgate.connect({ socket, signal: abort.signal });
    const stream = client.subscribe({ signal: abort.signal });
    abort.abort();
    for await (const event of stream) console.log(event);
    console.log('done');`,
  'a program that finds no gateway': `
    await meshgate.connect({ socket: socket + 'x' }).catch(({ code }) => console.log(code));
    console.log('done');`,
  'a program of the classic dialect': `
    const client = new meshgate.ClassicClient(socket);
    await client.listen();
    await client.command('ACT-C');
    client.close();
    console.log('done');`,
};

for (const [what, program] of Object.entries(PROGRAMS)) {
  test(`${what} exits without being killed`, async (t) => {
    const gateway = await startGateway();
    t.teardown(() => gateway.close());
    const { code, output } = await run(program, gateway.socketPath);
    t.is(code, 0, output);
    t.regex(output, /done$/);
  });
}

test('a client that loads none of the gateway’s code', async (t) => {
  const program = `
    import { createRequire } from 'node:module';
    const loaded = process.moduleLoadList.filter((name) => /zod|serialport/.test(name));
    console.log(JSON.stringify(loaded), 'done');`;
  const { output } = await run(program, '');
  t.is(output, '[] done');
});

/** Only root can run a program as another user; client.test.ts tries the same there. */
const maybe = process.getuid?.() === 0 ? test : undefined;

maybe?.('a user who may not use the socket gets NO_PERMISSION, from both clients', async (t) => {
  const gateway = await startGateway();
  t.teardown(() => gateway.close());
  chmodSync(gateway.folder, 0o755);
  chmodSync(gateway.socketPath, 0o600);
  const program = `
    const tell = ({ code, message }) => console.log(code, message.includes('group'));
    await meshgate.connect({ socket }).catch(tell);
    await new meshgate.ClassicClient(socket).command('ACT-C').catch(tell);
    await new meshgate.ClassicClient(socket).listen().catch(tell);`;
  const { output } = await run(program, gateway.socketPath, 65_534);
  if (/Cannot find module|EACCES: permission denied, (open|lstat)/.test(output)) {
    t.pass('the library is not readable by other users here');
    return;
  }
  t.is(output, Array(3).fill('NO_PERMISSION true').join('\n'));
});
