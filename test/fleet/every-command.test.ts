/** Every command with `--fleet`: it works on the fleet or is refused, and never queries a gateway of this machine instead. */
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { AedesBroker } from '../support/aedes-broker.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { MqttWatcher } from '../support/mqtt-client.js';
import {
  type Ended,
  killProcesses,
  MeshgateProcess,
  runToEnd,
  startProcess,
} from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

const FIELDS = ['field-north', 'field-south'] as const;
const ONE = ['--gateway', 'field-south'];
const folder = temporaryFolder();
const localSocket = join(folder.path, 'local');
let broker: AedesBroker;
let local: Server;
let localConnections = 0;

type Expected =
  /** It queries every gateway of the fleet, and succeeds. */
  | 'all'
  /** It queries one gateway, which must be named. */
  | 'one'
  /** The same, but these gateways have no such device. */
  | 'unknown'
  /** It runs until it is stopped. */
  | 'lasting'
  /** The gateway's settings forbid it over MQTT. */
  | 'forbidden'
  /** It is only for this machine. */
  | 'refused';

/** A command that is missing here fails the test: its behaviour with a fleet must be decided. */
const COMMANDS: Readonly<Record<string, readonly [Expected, ...args: string[]]>> = {
  start: ['refused', '--simulate'],
  simulate: ['refused', '--pty', join(folder.path, 'pty')],
  doctor: ['refused'],
  ports: ['refused'],
  status: ['all'],
  health: ['all'],
  nodes: ['all'],
  devices: ['all'],
  device: ['unknown', 'stage'],
  command: ['unknown', 'stage', 'home'],
  abort: ['unknown', 'mx-1'],
  node: ['one', '5'],
  get: ['all', 'GPS'],
  export: ['one', '--json'],
  paths: ['all'],
  alarms: ['all'],
  'alarms ack': ['all', 'all'],
  clients: ['all'],
  audit: ['all'],
  explain: ['one', '5'],
  gateways: ['all'],
  monitor: ['lasting', '--http', '127.0.0.1:0'],
  watch: ['lasting', '--json', '--snapshot'],
  top: ['lasting', '--json'],
  send: ['one', '5', 'hi'],
  broadcast: ['all', 'hi'],
  ping: ['one', '5', '-c', '1', '--timeout', '20'],
  refresh: ['all'],
  log: ['all', 'hi'],
  'reset-root': ['forbidden'],
  clean: ['forbidden', '--yes'],
  forget: ['one', '5'],
  port: ['refused'],
  'port release': ['refused'],
  'port take': ['refused'],
  record: ['refused', '-o', join(folder.path, 'record')],
  inspect: ['refused', join(folder.path, 'file')],
  replay: ['refused', join(folder.path, 'file')],
  hv: ['refused'],
  'hv set': ['refused', '1', '--yes'],
  'hv watch': ['refused'],
  hev: ['refused'],
  'hev watch': ['refused'],
  'hev send': ['refused', 'GENERAL', 'START'],
  'hev ack': ['refused', 'APNEA'],
  'hev emulate': ['refused', '--link', join(folder.path, 'tty')],
  dataforge: ['refused'],
  'dataforge decode': ['refused', join(folder.path, 'file')],
  'dcss-server': ['refused', '--listen', '127.0.0.1:0'],
  'classifier-stub': ['refused', '--listen', '127.0.0.1:0'],
  completion: ['refused', 'bash'],
};

/** Without one of their commands, these print their help. */
const GROUPS: ReadonlySet<string> = new Set(['port', 'hv', 'hev', 'dataforge']);

const env = { MESHGATE_SOCKET: localSocket };
const fleet = (...args: string[]) => ['--fleet', broker.url, ...args];
/** In this process. */
const run = (...args: string[]): Promise<Ended> => runHere(fleet(...args), env);

test.before(async () => {
  broker = await AedesBroker.start();
  local = createServer((socket) => {
    localConnections++;
    socket.destroy();
  }).listen(localSocket);
  const watcher = await MqttWatcher.connect(broker.url, ['meshgate/+/node/+']);
  for (const id of FIELDS) {
    const own = ['--socket', join(folder.path, id), '--http', 'off', '--mqtt', broker.url];
    await startProcess(['--simulate', '--nodes', '3', ...own], { MESHGATE_MQTT_ID: id });
    await watcher.until(
      () => watcher.at<{ status: string }>(`meshgate/${id}/node/0x0005`)?.status === 'active',
    );
  }
  await watcher.close();
});

test.after.always(async () => {
  await killProcesses();
  local.close();
  await broker.vanish();
  folder.remove();
});

test.afterEach((t) => {
  t.is(localConnections, 0, 'the gateway of this machine is not queried');
});

test.serial('every command of the command line is in this table', async (t) => {
  const { stdout } = await runHere(['completion', 'bash']);
  const paths = [...stdout.matchAll(/^ {4}'([^']+)'\) words=/gm)].map(([, path]) => path ?? '');
  t.true(paths.length > 30);
  t.deepEqual(paths.sort(), Object.keys(COMMANDS).sort());
});

for (const [command, [expected, ...args]] of Object.entries(COMMANDS)) {
  const words = command.split(' ');
  test.serial(`${command} with --fleet: ${expected}`, async (t) => {
    switch (expected) {
      case 'all': {
        const ended = await run(...words, ...args);
        t.is(ended.code, 0, ended.stderr);
        const json = await run(...words, ...args, '--json');
        t.is(json.code, 0, json.stderr);
        for (const id of FIELDS) t.true(json.stdout.includes(`"${id}"`), json.stdout);
        t.notThrows(() => JSON.parse(json.stdout));
        break;
      }
      case 'one': {
        const ended = await run(...words, ...args, ...ONE);
        t.is(ended.code, 0, ended.stderr);
        t.not(ended.stdout, '');
        break;
      }
      case 'unknown': {
        const unnamed = await run(...words, ...args);
        t.is(unnamed.code, 2);
        t.regex(unnamed.stderr, /works on one gateway.*\n.*--gateway ID, or put its id before the/);
        const ended = await run(...words, ...args, ...ONE);
        t.is(ended.code, 1);
        t.regex(ended.stderr, /^meshgate: field-south: \S+: no (node|delivery) with this/);
        break;
      }
      case 'lasting': {
        const lasting = new MeshgateProcess(fleet(...words, ...args), env);
        await lasting.printed(/\n/);
        t.is((await lasting.stop()).code, 0);
        break;
      }
      case 'forbidden': {
        const unnamed = await run(...words, ...args);
        t.is(unnamed.code, 2);
        const ended = await run(...words, ...args, ...ONE);
        t.is(ended.code, 1);
        t.regex(ended.stderr, /field-south: .*mqtt\.commands/);
        break;
      }
      case 'refused': {
        const ended = await run(...words, ...args);
        t.is(ended.code, 2);
        t.is(ended.stdout, '');
        if (!GROUPS.has(command)) t.regex(ended.stderr, /does not work on a fleet/);
      }
    }
  });
}

test.serial('the process of a command ends, whether the fleet has answered or not', async (t) => {
  for (const [args, code] of [
    [['status'], 0],
    [['nodes', '--json'], 0],
    [['node', '5', ...ONE], 0],
    [['export', '--json', ...ONE], 0],
    [['reset-root', ...ONE], 1],
    [['start', '--simulate'], 2],
    [['export', '--gateway', 'nowhere'], 3],
  ] as const) {
    const ended = await runToEnd(fleet(...args), env);
    t.deepEqual([ended.code, ended.signal], [code, null], `${args.join(' ')}: ${ended.stderr}`);
    t.is(ended.stdout === '', code !== 0, args.join(' '));
  }
});

test.serial('the output of a gateway is listed under its own name', async (t) => {
  const { stdout } = await run('health');
  for (const id of FIELDS) t.regex(stdout, new RegExp(`^${id}\nok +gateway +answers on ${id}$`, 'm'));
});

test.serial(
  'an export of a fleet is that of the gateway that is named, directly or with its node',
  async (t) => {
    const unnamed = await run('export');
    t.is(unnamed.code, 2);
    t.regex(unnamed.stderr, /export works on one gateway/);
    const { code, stdout, stderr } = await run('export', '--node', 'field-south/5', '--json');
    t.is(code, 0, stderr);
    for (const line of stdout.trimEnd().split('\n')) t.is(JSON.parse(line).node, 5);
    t.is((await run('export', '--gateway', 'nowhere')).code, 3);
  },
);

test.serial('a fleet chosen by variable is not bypassed for the gateway on the usual socket', async (t) => {
  for (const words of [
    ['record', '-o', join(folder.path, 'record')],
    ['port', 'release'],
    ['port', 'take'],
  ]) {
    const { code, stderr } = await runHere(words, { MESHGATE_FLEET: broker.url });
    t.is(code, 2, stderr);
    t.regex(stderr, /MESHGATE_FLEET is set\n.*--socket PATH/);
  }
});

test.serial('an unknown node is named at its gateway, and waited for', async (t) => {
  const watching = new MeshgateProcess(fleet('watch', '--node', 'field-south/99'), env);
  await watching.logged(/^meshgate: field-south: node 0x0063 is not known yet; waiting for it$/m);
  t.is((await watching.stop()).code, 0);
  t.is((await run('watch', '--node', 'field-south/nosuch')).code, 1);
  t.is((await run('watch', '--type', '251')).code, 1);
});

test.serial('an invalid URL is refused without showing its password', async (t) => {
  for (const url of [
    'mqtt://me:hunter2@127.0.0.1:1',
    'http://me:hunter2@host',
    'me:hunter2@host',
    'mqtt://me:hun/ter2@host',
  ]) {
    const { code, stdout, stderr } = await runHere(['--fleet', url, 'nodes']);
    t.is(code, 3, stderr);
    t.is(stdout, '');
    t.notRegex(stderr, /ter2/);
  }
});
