/** Every example is run against a gateway as its opening comment says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { startGateway, temporaryFolder } from './support/gateway-fixture.js';
import { untilReported } from './support/line-client.js';
import { FOR_EVER, startMovingBench, TOO_FAR } from './support/moving-bench.js';
import { type RunningGateway, startProcess } from './support/process-fixture.js';
import { hasPython, Program } from './support/program.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** Node 6 requests a robot. */
const REQUEST = '00 06 52 00';
const SAY_EVERY_MS = 100;

const folder = temporaryFolder();
let gateway: RunningGateway;

test.before(async () => {
  const socket = join(folder.path, 's');
  gateway = await startProcess(['--simulate', '--nodes', '3', '--seed', '7', '--socket', socket]);
  await untilReported(socket, [5, 6, 7]);
});

test.after.always(async () => {
  await gateway?.stop();
  folder.remove();
});

/** One after the other: a client of the classic dialect gets the answers to every client's messages. */
const languages = [
  { name: 'JavaScript', command: process.execPath, fileOf: (words: string[]) => `${words.join('-')}.mjs` },
  { name: 'Python', command: 'python3', fileOf: (words: string[]) => `${words.join('_')}.py` },
];

for (const { name, command, fileOf } of languages) {
  const isThere = name !== 'Python' || hasPython;
  const exampleTest = isThere ? test.serial : test.serial.skip;
  const title = (what: string) => `${what}, in ${name}${isThere ? '' : ' (skipped: python3 not found)'}`;
  const run = (words: string[], args: string[], socket = gateway.socketPath) =>
    new Program(command, [join('examples', fileOf(words)), ...args], { env: { MESHGATE_SOCKET: socket } });

  exampleTest(title('ping all pings every node'), async (t) => {
    const output = await endOf(t, run(['ping', 'all'], []));
    t.is(output.match(/^node [567]: (\d+ ms|no answer)$/gm)?.length, 3, output);
    t.regex(output, /^[1-3] of 3 nodes answered$/m);
  });

  exampleTest(
    title('log positions writes them to a CSV file, and appends to it the next time'),
    async (t) => {
      const file = join(folder.path, `${name}.csv`);
      await endOf(t, run(['log', 'positions'], [file, '4']));
      await endOf(t, run(['log', 'positions'], [file, '2']));
      const [head, ...rows] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
      t.is(head, 'time,node,latitude,longitude');
      t.is(rows.length, 6);
      for (const row of rows) t.regex(row, /^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00),[567],44\.\d+,-123\.\d+$/);
    },
  );

  exampleTest(title('the classic client sends commands and receives messages'), async (t) => {
    const output = await endOf(t, run(['classic', 'client'], ['1']));
    t.regex(output, /^3 active nodes$/m);
    t.regex(output, /^node [567]: A 68656c6c6f/m);
    t.regex(output, /^connection closed$/m);
  });

  exampleTest(title('react to requests answers each robot that asks'), async (t) => {
    const scripted = await startGateway();
    t.teardown(() => scripted.close());
    const robot = setInterval(() => scripted.root.say(REQUEST), SAY_EVERY_MS);
    t.teardown(() => clearInterval(robot));
    const output = await endOf(t, run(['react', 'to', 'requests'], ['2'], scripted.socketPath));
    t.is(output.match(/^node 6 requests 00; answer written$/gm)?.length, 2, output);
    t.true(scripted.root.bodies.some((body) => body.equals(Buffer.from('SEND-\0\x06A'))));
  });

  exampleTest(
    title('command device follows a command to its end, and aborts one that takes too long'),
    async (t) => {
      const { gateway: ours, source } = await startBench();
      t.teardown(() => ours.close());
      const command = (...args: string[]) =>
        endOf(t, run(['command', 'device'], ['stage', ...args], ours.socketPath));
      const moved = 'queued\naccepted\nprogress: 45 %\n';
      const reported = 'StageState.state = MOVING\n';
      t.is(await command('move', '{"position":12}'), `${moved}completed: {"position":12}\n${reported}`);
      t.is(await command('move', `{"position":${FOR_EVER}}`, '0.2'), `${moved}aborted\n${reported}`);
      const rejected = await command('move', `{"position":${TOO_FAR}}`);
      t.regex(rejected, /^queued\nfailed\nREJECTED_BY_DEVICE: .*beyond the end stop\n/);
      t.regex(await command('move', '{"position":101}'), /^BAD_PARAMS: .*from 0 to 100 mm/);
      source.setLink({ state: 'absent', since: Date.now() });
      t.regex(await command('home'), /^(queued\nfailed\n)?LINK_DOWN: /);
    },
  );
}

async function startBench() {
  const gateway = await startGateway();
  return { gateway, source: startMovingBench(gateway.hub) };
}

test('every example opens with how to run it, has 10 to 60 lines, and exists in both languages', (t) => {
  const files = readdirSync(EXAMPLES).filter((file) => /\.(mjs|py)$/.test(file));
  for (const file of files) {
    const text = readFileSync(join(EXAMPLES, file), 'utf8');
    const lines = text.trimEnd().split('\n').length;
    t.true(lines >= 10 && lines <= 60, `${file} has ${lines} lines`);
    t.regex(text, new RegExp(`^[^]{0,300}(node|python3) examples/${file}`), file);
    const sibling = file.endsWith('.py')
      ? file.replace('.py', '.mjs').replaceAll('_', '-')
      : file.replace('.mjs', '.py').replaceAll('-', '_');
    t.true(files.includes(sibling), `${file} has no ${sibling}`);
  }
});

async function endOf(t: ExecutionContext, program: Program): Promise<string> {
  t.is(await program.ended, 0, program.output);
  return program.output;
}
