import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT } from '../../src/cli/exit-codes.js';
import { connect, type MeshgateClient, type StreamEvent } from '../../src/client/index.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, type RunningGateway, runToEnd, startProcess } from '../support/process-fixture.js';

test.after.always(killProcesses);

const NODES = 5;
const NO_DEVICE = ['--port', '/nowhere/tty'];

interface Site {
  readonly folder: string;
  readonly socket: string;
  /** `root`: flags that say where it is; a virtual mesh by default. */
  start(root?: readonly string[], ...more: readonly string[]): Promise<RunningGateway>;
}

/** A directory for one gateway after the other; each continues with the state of the one before. */
function site(t: ExecutionContext): Site {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const socket = join(folder.path, 's');
  const flags = ['--http', 'off', '--socket', socket, '--state', join(folder.path, 'state')];
  const mesh = ['--simulate', '--nodes', String(NODES)];
  return {
    folder: folder.path,
    socket,
    start: (root = mesh, ...more) => startProcess([...root, ...flags, ...more]),
  };
}

/** Reads events until one matches; what it read is kept. */
async function readUntil(
  stream: AsyncIterable<StreamEvent>,
  events: StreamEvent[],
  fits: (event: StreamEvent) => boolean,
): Promise<void> {
  for await (const event of stream) {
    events.push(event);
    if (fits(event)) return;
  }
}

/** Waits until every node has been heard, and three values of node 5 are on the disk. */
async function untilStored(client: MeshgateClient): Promise<void> {
  let wanted: number | undefined;
  let count = 0;
  for await (const event of client.subscribe({ kinds: ['value'], types: ['Sequence'] })) {
    if (event.kind === 'value' && event.value.node === 5 && ++count === 3) wanted = event.seq;
    const { nodes, history } = await client.status();
    if (nodes.byStatus.active === NODES && wanted !== undefined && (history.storedSeq ?? 0) >= wanted) return;
  }
}

test('after a clean restart the state is back, marked as restored, and a client resumes without a gap', async (t) => {
  const { socket, start } = site(t);
  const first = await start();
  const client = await connect({ socket });
  t.teardown(() => client.close());
  await untilStored(client);
  const before = (await client.nodes()).nodes;
  const events: StreamEvent[] = [];
  const reading = readUntil(
    client.subscribe(),
    events,
    (event) => event.kind === 'message' && events.length > 50,
  );
  await first.stop('SIGTERM');

  // Without a device no node can be heard, however late the question comes.
  const second = await start(NO_DEVICE);
  const fresh = await connect({ socket });
  t.teardown(() => fresh.close());
  const restored = (await fresh.nodes()).nodes.filter((node) => node.restored);
  t.deepEqual(
    restored.map(({ address }) => address),
    before.map(({ address }) => address),
  );
  for (const node of restored) {
    const known = before.find(({ address }) => address === node.address);
    t.is(node.status, 'unknown');
    t.is(node.uuid, known?.uuid ?? null);
    t.true((node.lastHeardAt ?? 0) >= (known?.lastHeardAt ?? 1));
    // Until it was stopped it may have received values of more types.
    const types = node.values.map(({ type }) => type);
    for (const { type } of known?.values ?? []) t.true(types.includes(type), type);
  }
  t.is(
    (await fresh.call('at', { type: 'GPS', time: before[0]?.values[0]?.receivedAt ?? 0 })).values.length > 0,
    true,
  );
  await second.stop('SIGTERM');

  await start();
  await reading;
  const numbers = events.flatMap((event) => ('seq' in event ? [event.seq] : []));
  t.deepEqual(
    events.filter(({ kind }) => kind === 'gap'),
    [],
  );
  t.deepEqual(
    numbers,
    numbers.map((_, index) => (numbers[0] ?? 0) + index),
    'numbers go on',
  );
});

test('after a kill the numbers not stored are reported as one gap, and everything stored is there', async (t) => {
  const { socket, start } = site(t);
  const first = await start();
  const client = await connect({ socket });
  t.teardown(() => client.close());
  await untilStored(client);
  const events: StreamEvent[] = [];
  const reading = readUntil(
    client.subscribe(),
    events,
    (event) => event.kind === 'link' && event.link.state === 'up',
  );
  const { storedSeq } = (await client.status()).history;
  await first.stop('SIGKILL');

  await start();
  await reading;
  const last = [...events].reverse().find((event) => event.kind === 'gap');
  t.truthy(last);
  let next: number | undefined;
  for (const event of events) {
    if (event.kind === 'snapshot') continue;
    const [from, to] = event.kind === 'gap' ? [event.from, event.to ?? 0] : [event.seq, event.seq];
    if (next !== undefined) t.is(from, next);
    next = to + 1;
  }
  const fresh = await connect({ socket });
  t.teardown(() => fresh.close());
  const { gone } = await fresh.call('subscribe', { since: (storedSeq ?? 0) - 1 });
  t.is(gone, null, 'what was acknowledged as stored can be resumed from');
});

test('values of the previous run are in a range, and in the aggregate', async (t) => {
  const { socket, start } = site(t);
  const first = await start();
  const client = await connect({ socket });
  t.teardown(() => client.close());
  await untilStored(client);
  const last = (await client.latest('Sequence', 5)).values[0];
  await first.stop('SIGTERM');
  await start();
  const { values } = await client.range({ type: 'Sequence', node: 5, to: last?.receivedAt });
  t.is(values.at(-1)?.bytes, last?.bytes);
  t.true(values.length >= 2);
  const { buckets } = await client.call('aggregate', {
    type: 'Sequence',
    node: 5,
    from: values[0]?.receivedAt ?? 0,
    to: last?.receivedAt,
    bucketMs: 3_600_000,
  });
  t.is(
    buckets.reduce((sum, { count }) => sum + count, 0),
    values.length,
  );
});

test('a second gateway on the same state directory is refused, and names the one that has it', async (t) => {
  const { folder, start } = site(t);
  const first = await start();
  const args = [
    'start',
    '--simulate',
    '--http',
    'off',
    '--socket',
    join(folder, 'other'),
    '--state',
    join(folder, 'state'),
  ];
  const second = await runToEnd(args);
  t.is(second.code, EXIT.taken);
  t.regex(
    second.stderr,
    new RegExp(`the gateway with process id ${first.pid} already keeps its history in .*state`),
  );
  t.regex(second.stderr, /--state DIR/);
});

test('without a writable directory the gateway reports it once, and runs in memory', async (t) => {
  const { socket, start } = site(t);
  const gateway = await start(undefined, '--state', '/dev/null/meshgate');
  await gateway.logged(/history is in memory only: .*\/dev\/null\/meshgate/);
  const client = await connect({ socket });
  t.teardown(() => client.close());
  const { history } = await client.status();
  t.is(history.file, null);
  t.regex(history.fault ?? '', /\/dev\/null\/meshgate/);
  for await (const _event of client.subscribe({ kinds: ['value'], types: ['Sequence'], nodes: [5] })) break;
  t.true((await client.range({ type: 'Sequence', node: 5 })).values.length > 0);
});

/** Hides `node:sqlite` and libsql from the process that is started with it, and from its threads. */
const NO_SQLITE = dataModule(`
  import { register } from 'node:module';
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (id) => (id === 'node:sqlite' ? undefined : getBuiltinModule(id));
  register(${JSON.stringify(
    dataModule(`
      export async function resolve(name, context, next) {
        if (name === 'libsql') throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
        return next(name, context);
      }`),
  )});`);

function dataModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

test('without SQLite the gateway runs in memory, and the log, the banner, status, health and doctor show why', async (t) => {
  const { folder, socket } = site(t);
  const why = /Node v\S+ has no SQLite built in, and the package libsql is not installed/;
  const gateway = await startProcess(['--simulate', '--http', 'off', '--socket', socket, '--state', folder], {
    NODE_OPTIONS: `--import=${NO_SQLITE}`,
  });
  await gateway.logged(/history is in memory only: Node v\S+ has no SQLite built in/);
  const client = await connect({ socket });
  t.teardown(() => client.close());
  const { history } = await client.status();
  t.regex(history.fault ?? '', why);
  t.regex(history.fault ?? '', /; use Node 22\.13 or newer, or run npm install libsql/);
  t.is(history.driver, null);
  t.is((await client.call('alarms', {})).alarms[0]?.code, 'HISTORY_FAILING');
  t.is((await client.call('health', {})).checks.find(({ check }) => check === 'history')?.ok, false);
  for (const command of ['status', 'health', 'doctor']) {
    const { stdout } = await runToEnd([command, '--socket', socket]);
    t.regex(stdout, why, command);
  }
  t.regex((await runToEnd(['doctor', '--socket', socket])).stdout, /PROBLEM {2}history /);
  t.regex((await gateway.stop('SIGTERM')).stdout, why);
});

test('doctor reports that SQLite is missing when no gateway is running', async (t) => {
  const { socket } = site(t);
  const ended = await runToEnd(['doctor', '--socket', socket], { NODE_OPTIONS: `--import=${NO_SQLITE}` });
  t.regex(ended.stdout, /PROBLEM {2}history +would be in memory only: Node v\S+ has no SQLite built in/);
  t.is(ended.code, 1);
});
