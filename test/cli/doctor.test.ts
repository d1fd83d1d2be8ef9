import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { describeHealth } from '../../src/api/describe.js';
import { parseServiceLimits } from '../../src/cli/commands/doctor/doctor-broker.js';
import { type DoctorOptions, examine } from '../../src/cli/commands/doctor/doctor-checks.js';
import type { Finding } from '../../src/cli/commands/doctor/findings.js';
import { permissionAdvice } from '../../src/cli/commands/doctor/permission-advice.js';
import { findHolders } from '../../src/cli/commands/doctor/port-holders.js';
import type { AlarmInfo } from '../../src/client/index.js';
import { ClientError, type connect } from '../../src/client/index.js';
import { SQLITE_REMEDY } from '../../src/history/load-driver.js';
import { THREAD_DIED } from '../../src/history/store-fault.js';
import type { Health } from '../../src/hub/health.js';
import { ALARMS, STATUS } from '../support/cli-samples.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-doctor-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const PORT = '/dev/ttyUSB0';
const BRIDGE = { path: PORT, vendorId: '10c4', productId: 'ea60', knownAs: 'CP210x bridge' };

/** A /proc in which one process has each of these files open. */
function procWith(name: string, holders: readonly { pid: number; name: string; file: string }[]): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'self'), { recursive: true });
  for (const holder of holders) {
    const fd = join(root, String(holder.pid), 'fd');
    mkdirSync(fd, { recursive: true });
    symlinkSync('/dev/null', join(fd, '0'));
    symlinkSync(holder.file, join(fd, '3'));
    writeFileSync(join(root, String(holder.pid), 'comm'), `${holder.name}\n`);
  }
  return root;
}

interface Answers {
  readonly status?: object;
  readonly fresh?: boolean;
  readonly health?: Partial<Health>;
  readonly gone?: number;
  readonly alarms?: readonly AlarmInfo[];
  readonly counters?: object;
}

const WELL: Health = {
  link: undefined,
  root: undefined,
  ready: undefined,
  alarms: undefined,
  nodes: undefined,
  history: undefined,
  historyFault: undefined,
};

/** A gateway as far as the doctor queries it. */
function gateway({
  status = {},
  fresh = true,
  health = {},
  gone = 0,
  alarms = [],
  counters = {},
}: Answers = {}): typeof connect {
  const client = {
    status: async () => ({ ...STATUS, ...status }),
    call: async (method: string) =>
      ({
        refresh: { fresh },
        health: describeHealth({ ...WELL, ...health }),
        alarms: { alarms },
        counters,
      })[method],
    nodes: async () => ({ nodes: Array.from({ length: gone }, (_, index) => ({ address: index + 5 })) }),
    devices: async () => ({ devices: [] }),
    close: () => {},
  };
  return (async () => client) as unknown as typeof connect;
}

const noGateway = (async () => {
  throw new ClientError('NOT_RUNNING', '/x');
}) as typeof connect;

const PARTS: DoctorOptions = {
  listPorts: async () => [BRIDGE],
  procRoot: procWith('quiet', []),
  isUsable: () => true,
  connect: gateway(),
};

const problemsOf = (findings: readonly Finding[]) => findings.filter(({ verdict }) => verdict === 'problem');
const down = (reason: string, detail: string) => ({
  link: { state: 'backingOff', since: 0, port: null, reason, detail },
});

test('a gateway with a root that responds is healthy', async (t) => {
  const findings = await examine('/x', PARTS);
  t.deepEqual(problemsOf(findings), []);
  t.deepEqual(
    findings.map(({ check }) => check),
    [
      'serial port',
      'port permission',
      'port in use',
      'gateway',
      'dashboard',
      'link',
      'root',
      'alarms',
      'nodes',
      'history',
    ],
  );
});

test('no port, several ports, and a gateway that is not running are reported with what to do', async (t) => {
  const none = problemsOf(await examine('/x', { ...PARTS, listPorts: async () => [], connect: noGateway }));
  t.deepEqual(
    none.map(({ check }) => check),
    ['serial port', 'gateway'],
  );
  t.regex(none[0]?.advice ?? '', /cable/);
  t.regex(none[1]?.advice ?? '', /meshgate start/);
  const second = { ...BRIDGE, path: '/dev/ttyUSB1' };
  const options = { ...PARTS, listPorts: async () => [BRIDGE, second], connect: noGateway };
  const [several] = problemsOf(await examine('/x', options));
  t.regex(several?.text ?? '', /more than one/);
  t.regex(several?.advice ?? '', /ttyUSB0 or \/dev\/ttyUSB1.*--port/);
});

test('a port that this user may not open, or that another program holds, is reported', async (t) => {
  const procRoot = procWith('held', [{ pid: 815, name: 'minicom', file: PORT }]);
  const alone = { ...PARTS, procRoot, isUsable: () => false, connect: noGateway };
  const problems = problemsOf(await examine('/x', alone));
  t.deepEqual(
    problems.map(({ check }) => check),
    ['port permission', 'port in use', 'gateway'],
  );
  t.is(problems[1]?.text, 'held by minicom (process 815)');
});

test('where a gateway is running, the gateway itself decides whether the port may be opened', async (t) => {
  const answers = [down('noPermission', 'not permitted'), down('heldByAnother', 'held')];
  const checks = await Promise.all(
    answers.map(async (status) => {
      const found = await examine('/x', { ...PARTS, isUsable: () => false, connect: gateway({ status }) });
      return problemsOf(found).map(({ check }) => check);
    }),
  );
  t.deepEqual(checks, [['port permission', 'link'], ['link']]);
});

test('a configured port that does not exist is reported', async (t) => {
  const status = { ...down('noDevice', 'no serial device found'), port: join(folder, 'no-tty') };
  const [first] = problemsOf(await examine('/x', { ...PARTS, connect: gateway({ status }) }));
  t.is(first?.text, `${status.port} does not exist`);
});

test('the port may be held by the gateway itself', async (t) => {
  const procRoot = procWith('ours', [{ pid: STATUS.pid, name: 'node', file: PORT }]);
  const findings = await examine('/x', { ...PARTS, procRoot });
  t.is(findings.find(({ check }) => check === 'port in use')?.text, 'by the gateway only');
});

test('a root that does not respond is reported', async (t) => {
  const [silent] = problemsOf(await examine('/x', { ...PARTS, connect: gateway({ fresh: false }) }));
  t.is(silent?.check, 'root');
  t.regex(silent?.advice ?? '', /reset-root/);
});

const warned = (findings: readonly Finding[]) =>
  findings.flatMap(({ check, verdict, text }) =>
    verdict === 'problem' || verdict === 'warning' ? [`${verdict} ${check}: ${text}`] : [],
  );

test('disconnected nodes are named, and are a problem when they are the majority', async (t) => {
  const nodes = { ...STATUS.nodes, total: 12 };
  const ask = (reason: 'nodesDisconnected' | 'mostNodesDisconnected', gone: number) =>
    examine('/x', { ...PARTS, connect: gateway({ health: { nodes: reason }, gone, status: { nodes } }) });
  t.deepEqual(warned(await ask('nodesDisconnected', 2)), [
    'warning nodes: 2 of 12 disconnected: 0x0005, 0x0006',
  ]);
  t.deepEqual(warned(await ask('mostNodesDisconnected', 10)), [
    'problem nodes: 10 of 12 disconnected: 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000A, 0x000B, 0x000C, 2 more',
  ]);
});

test('open alarms are listed by code, cleared ones separately', async (t) => {
  const alarms = [...ALARMS, ...ALARMS.filter(({ active }) => active)];
  const connect = gateway({ health: { alarms: 'activeAlarm' }, alarms });
  t.deepEqual(warned(await examine('/x', { ...PARTS, connect })), [
    'warning alarms: active: 2 NODE_DISCONNECTED; over, not acknowledged: 1 LINK_LOST',
  ]);
  const over = gateway({ alarms: ALARMS.filter(({ active }) => !active) });
  t.deepEqual(warned(await examine('/x', { ...PARTS, connect: over })), [
    'warning alarms: over, not acknowledged: 1 LINK_LOST',
  ]);
});

test('history that cannot be opened, or cannot be written, is reported with the cause', async (t) => {
  const ask = (reason: Health['history'], history: object) =>
    examine('/x', { ...PARTS, connect: gateway({ health: { history: reason }, status: { history } }) });
  const missing = await ask('historyInMemory', {
    file: null,
    fault: 'no space left on device',
    storedSeq: null,
  });
  t.deepEqual(warned(missing), ['problem history: in memory only: no space left on device']);
  const failing = await ask('historyFailing', { file: '/h.db', fault: 'disk I/O error', storedSeq: 1 });
  t.deepEqual(warned(failing), ['problem history: /h.db, not being written: disk I/O error']);
  const unwanted = await ask(undefined, { file: null, fault: null, storedSeq: null });
  t.deepEqual(warned(unwanted), []);
  t.is(unwanted.at(-1)?.verdict, 'skipped');
});

for (const [what, driver, fault, advice] of [
  ['no SQLite', null, `Node has none; ${SQLITE_REMEDY}`, /restart it once SQLite is available/],
  ['a thread that died before it loaded SQLite', null, `${THREAD_DIED}: oops`, /starts the thread again/],
  ['a thread that died later', 'node:sqlite', `${THREAD_DIED}: oops`, /starts the thread again/],
  ['a file that takes too long to open', null, 'opening it takes too long', /retries automatically/],
  ['a full disk', 'node:sqlite', 'no space left on device', /free disk space/],
] as const) {
  test(`the advice about the history fits its fault: ${what}`, async (t) => {
    const history = { file: null, driver, fault, storedSeq: null };
    const connect = gateway({ health: { history: 'historyInMemory' }, status: { history } });
    const findings = await examine('/x', { ...PARTS, connect });
    t.regex(findings.find(({ check }) => check === 'history')?.advice ?? '', advice);
  });
}

test('a gateway on a virtual mesh needs no port', async (t) => {
  const link = { ...STATUS.link, port: 'virtual mesh of 12 nodes, seed 1' };
  const options = { ...PARTS, listPorts: async () => [], connect: gateway({ status: { link, port: null } }) };
  t.deepEqual(problemsOf(await examine('/x', options)), []);
});

test('processes that hold a file are found, whatever link is used to name it', (t) => {
  const device = join(folder, 'tty');
  writeFileSync(device, '');
  symlinkSync(device, join(folder, 'by-id'));
  const root = procWith('links', [{ pid: 7, name: 'screen', file: device }]);
  mkdirSync(join(root, '8'));
  t.deepEqual(findHolders(join(folder, 'by-id'), root), { found: [{ pid: 7, name: 'screen' }], hidden: 1 });
});

test('a user without access is advised to join a group, or to log in again', (t) => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  chmodSync(path, 0o660);
  const gid = process.getgid?.() ?? 0;
  const groups = (members: string) => `other:x:99999:\nfieldwork:x:${gid}:${members}\n`;
  t.is(
    permissionAdvice(path, { user: 'pia', groups: groups('') }),
    `${path} requires the group fieldwork: sudo usermod -aG fieldwork pia, then log out and in again`,
  );
  t.regex(permissionAdvice(path, { user: 'pia', groups: groups('jo,pia') }), /log out and in again/);
  t.notRegex(permissionAdvice(path, { user: 'pia', groups: groups('jo,pia') }), /usermod/);
  t.regex(permissionAdvice('/nowhere/at/all', { user: 'pia', groups: '' }), /ask/);
});

test('an unreachable broker is a problem, and limits of the service are named when they are the cause', async (t) => {
  const broker = async (connected: number, limits?: string) => {
    const findings = await examine('/x', {
      ...PARTS,
      connect: gateway({ counters: { clients: { mqtt: { connected } } } }),
      readServiceLimits: async () => (limits === undefined ? undefined : parseServiceLimits(limits)),
    });
    return findings.find(({ check }) => check === 'broker');
  };
  const unit = (pid: number, allowed: string) =>
    `MainPID=${pid}\nIPAddressDeny=0.0.0.0/0 ::/0\nIPAddressAllow=${allowed}\n`;
  const local = '127.0.0.0/8 ::1/128';
  t.is((await broker(1, unit(STATUS.pid, local)))?.verdict, 'fine');
  t.regex((await broker(0, unit(STATUS.pid, local)))?.advice ?? '', /IPAddressAllow=/);
  for (const other of [
    undefined,
    unit(1, local),
    unit(STATUS.pid, `${local} 192.0.2.7/32`),
    'MainPID=4711\n',
  ]) {
    const found = await broker(0, other);
    t.is(found?.verdict, 'problem');
    t.notRegex(found?.advice ?? '', /IPAddressAllow/, other);
  }
  const findings = await examine('/x', PARTS);
  t.false(
    findings.some(({ check }) => check === 'broker'),
    'no broker is configured',
  );
});
