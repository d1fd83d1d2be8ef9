/** Every program in docs/clients.md is run, as it is printed there, against a simulated gateway. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { CLIENT_ERRORS } from '../../src/client/errors.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { untilReported } from '../support/line-client.js';
import { killProcesses, type RunningGateway, startProcess } from '../support/process-fixture.js';
import { hasPython, Program } from '../support/program.js';

const page = readFileSync(join(packageRoot, 'docs', 'clients.md'), 'utf8');
const TOKEN = 'a-token-for-the-websocket';

/** Below which heading, and what each program prints. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  Connect: /^meshgate \S+: link up, 3 nodes\n$/,
  'Read nodes and values':
    /^(node \d \(Node-\d\) is active and has \d values\n){3}node 5: latitude 44\.\d+ deg, \d+ ms ago\n$/,
  'Subscribe and resume': /^(\d+: node [567] is at 44\.\d+\n){5}$/,
  'Send and wait for an answer': /^\w+-\d+: answered with 0102 in \d+ ms\nnode 6 answered the ping\n$/,
  'Command a device': /^0 devices\nNODE_NOT_FOUND\n$/,
  'Export the history': /^(\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00),Node-[567],44\.\d+,-123\.\d+\n)+\d+ values\n$/,
  Errors:
    /^NOT_RUNNING: \/nowhere\/meshgate\.sock: no gateway is listening; .+\nNODE_NOT_FOUND: no such node: .+\n$/,
  Reconnecting: /^value 1\n[\s\S]*value 40\n$/,
  asyncio: /^3 of 3 nodes answered\n(node [567]: 44\.\d+\n){3}the first position of node 5 is 44\.\d+\n$/,
  'A plain socket': /^3 active nodes\nnode [567]: A hello\n$/,
};

interface Block {
  readonly heading: string;
  readonly language: 'js' | 'python';
  readonly code: string;
}

const blocks = page.split(/^##+ /m).flatMap((section): Block[] => {
  const [heading = ''] = section.split('\n');
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code = '']) => ({
    heading,
    language: language as Block['language'],
    code,
  }));
});

const folder = temporaryFolder();
/** Below the package, so that `import … from 'meshgate'` finds it. */
const programs = mkdtempSync(join(packageRoot, 'dist', 'page-'));
let gateway: RunningGateway;

test.before(async () => {
  gateway = await startGateway('s');
  await untilReported(gateway.socketPath, [5, 6, 7]);
});

test.after.always(async () => {
  await killProcesses();
  rmSync(programs, { recursive: true });
  folder.remove();
});

test('the page has a program in both languages below each heading', (t) => {
  const inLanguage = (language: string) =>
    blocks.filter((block) => block.language === language).map(({ heading }) => heading);
  const headings = Object.keys(PROGRAMS);
  t.deepEqual(inLanguage('python'), headings);
  t.deepEqual(
    inLanguage('js'),
    headings.filter((heading) => heading !== 'asyncio'),
  );
  t.is(blocks.length, 2 * headings.length - 1);
});

/** One after the other: the classic dialect has no delimiter, and listeners get the answers to all messages. */
for (const block of blocks) {
  const { heading, language } = block;
  const blockTest = language === 'js' || hasPython ? test.serial : test.serial.skip;
  blockTest(`${heading}, in ${language}, prints what it should`, async (t) => {
    const { path, ...options } = install(t, block);
    t.regex(await outputOf(t, new Program(path.command, [path.file], options)), PROGRAMS[heading] ?? /$^/);
  });
}

for (const block of blocks.filter(({ heading }) => heading === 'Subscribe and resume')) {
  const blockTest = block.language === 'js' || hasPython ? test.serial : test.serial.skip;
  blockTest(`a second run in ${block.language} continues after the last event of the first`, async (t) => {
    const { path, ...options } = install(t, block);
    const numbers: number[] = [];
    for (let run = 0; run < 2; run++) {
      const output = await outputOf(t, new Program(path.command, [path.file], options));
      numbers.push(...[...output.matchAll(/^\d+/gm)].map(Number));
    }
    t.is(numbers.length, 10);
    t.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    writeFileSync(join(options.cwd, 'last-event'), '1');
    t.regex(
      await outputOf(t, new Program(path.command, [path.file], options)),
      /^lost: events 2 to \d+ \(gateway\)$/m,
    );
  });
}

for (const block of blocks.filter(({ heading }) => heading === 'Reconnecting')) {
  const blockTest = block.language === 'js' || hasPython ? test.serial : test.serial.skip;
  blockTest(
    `the program that reconnects survives a restart of the gateway, in ${block.language}`,
    async (t) => {
      const first = await startGateway(`restart-${block.language}`);
      await untilReported(first.socketPath, [5]);
      const { path, ...options } = install(t, block, first.socketPath);
      const program = new Program(path.command, [path.file], options);
      await program.printed(/^value 3$/m);
      await first.stop('SIGTERM');
      await program.printed(/^connection lost; retrying$/m);
      await startGateway(`restart-${block.language}`);
      t.regex(
        await outputOf(t, program),
        /connection lost; retrying\n[\s\S]*connected again\n[\s\S]*value 40\n$/,
      );
    },
  );
}

for (const { command, file } of [
  { command: process.execPath, file: 'websocket-client.mjs' },
  { command: 'python3', file: 'websocket_client.py' },
]) {
  const exampleTest = command === process.execPath || hasPython ? test : test.skip;
  exampleTest(`${file} needs the right token`, async (t) => {
    const [, port] = await gateway.printed(/dashboard: http:\/\/127\.0\.0\.1:(\d+)\//);
    const url = `ws://127.0.0.1:${port}/rpc`;
    const run = (token: string) => new Program(command, [join('examples', file), url, token], {});
    t.regex(await outputOf(t, run(TOKEN)), /^meshgate \S+ has 3 nodes\n$/);
    const wrong = run(`${TOKEN}-wrong`);
    t.is(await wrong.ended, 1);
    t.regex(wrong.output, /NO_PERMISSION|refused: 401 Unauthorized/);
  });
}

test('the table of errors has the codes of both libraries', (t) => {
  const python = readFileSync(join(packageRoot, 'clients', 'python', 'meshgate.py'), 'utf8');
  const classes = [...python.matchAll(/^class (\w+)\(MeshgateError\):\n[\s\S]*?^ {4}code = "(\w+)"$/gm)];
  const section = page.split('## Errors')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (?:`(\w+)`|–) \|/gm)];
  const documented = rows.flatMap(([, codes = '', name]) =>
    [...codes.matchAll(/\w+/g)].map(([code]) => [code, name] as const),
  );
  const expected = new Map<string, string | undefined>([
    ...Object.keys(CLIENT_ERRORS).map((code) => [code, undefined] as const),
    ...classes.map(([, name, code = '']) => [code, name] as const),
  ]);
  t.deepEqual(Object.fromEntries(documented), Object.fromEntries(expected));
});

function startGateway(name: string): Promise<RunningGateway> {
  const args = ['--simulate', '--nodes', '3', '--seed', '7', '--socket', join(folder.path, name)];
  return startProcess([...args, '--http', '0', '--state', join(folder.path, `${name}.state`)], {
    MESHGATE_HTTP_TOKEN: TOKEN,
  });
}

/** Puts a program of the page into a folder of its own. */
function install(t: ExecutionContext, { code, language }: Block, socket = gateway.socketPath) {
  const cwd = mkdtempSync(join(programs, 'p-'));
  const file = join(cwd, language === 'js' ? 'program.mjs' : 'program.py');
  writeFileSync(file, code);
  t.teardown(() => rmSync(cwd, { recursive: true }));
  const env = { MESHGATE_SOCKET: socket, PYTHONPATH: join(packageRoot, 'clients', 'python') };
  return { path: { command: language === 'js' ? process.execPath : 'python3', file }, cwd, env };
}

async function outputOf(t: ExecutionContext, program: Program): Promise<string> {
  t.is(await program.ended, 0, program.output);
  return program.output;
}
