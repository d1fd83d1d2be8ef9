import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';

/** `src` as it is written: the compiled files no longer tell which imports were of types only. */
const SOURCE = join(packageRoot, 'src');

interface Import {
  readonly from: string;
  /** A file below `src`, or a module's name. */
  readonly to: string;
  readonly isTypeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?(?:([^'";]*?)\sfrom\s+)?'([^']+)';/gms;

const imports: readonly Import[] = sourceFiles().flatMap((from) => {
  const text = readFileSync(join(SOURCE, from), 'utf8');
  return [...text.matchAll(STATEMENT)].map(([, type, names = '', module = '']) => ({
    from,
    to: module.startsWith('.') ? normalize(join(dirname(from), module)).replace(/\.js$/, '.ts') : module,
    isTypeOnly: type !== undefined || onlyTypes(names),
  }));
});

/** `{ type A, type B }`. */
function onlyTypes(names: string): boolean {
  const listed = /^\{(.*)\}$/s.exec(names.trim())?.[1]?.split(',');
  const given = listed?.map((name) => name.trim()).filter((name) => name !== '');
  return given?.length ? given.every((name) => name.startsWith('type ')) : false;
}

/** TypeScript files below `src`; the dashboard is a program of its own, for browsers. */
function sourceFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('dashboard/'))
    .sort();
}

/** A file's room is its folder; a file that lies in `src` itself is a room of its own. */
function roomOf(file: string): string {
  const [first = '', second] = file.split('/');
  return second === undefined ? first.replace(/\.ts$/, '') : first;
}

function isOwn({ to }: Import): boolean {
  return to.endsWith('.ts');
}

/** Rooms that hold no knowledge of the gateway: everybody may use them. */
const TOOLS = [
  'clock',
  'counters',
  'log',
  'errors',
  'histogram',
  'clean-text',
  'number-text',
  'package-root',
  'lock-file',
  'process-lock',
  'text-file',
  'toml',
  'socket-location',
  'origin',
  'listen-near',
  'stopping',
];

/**
 * What each room may import besides its own files and the tools; `type x` allows types of it only. One way: main →
 * cli → gateway → the managers; network → node, protocol; every face → the hub’s types.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  clock: [],
  counters: [],
  errors: [],
  heap: [],
  histogram: [],
  'clean-text': [],
  'number-text': [],
  'package-root': [],
  'lock-file': [],
  'process-lock': [],
  'text-file': [],
  toml: [],
  stopping: [],
  'socket-location': [],
  origin: [],
  'listen-near': [],
  log: [],
  uart: [],
  node: [],
  protocol: [],
  network: ['node', 'protocol', 'type uart'],
  socket: [
    'protocol',
    'network/alarms',
    'network/archive',
    'network/deliveries',
    'network/hub',
    'network/root-recovery',
    'type network',
    'type node',
    'type uart',
  ],
  // The session is a connector's public face besides the hub: the same commands, and the same words for what happens.
  connectors: [
    'protocol/address',
    'network/alarms',
    'protocol/position',
    'socket/client-tally',
    'socket/session/describe',
    'socket/session/errors',
    'socket/session/gateway-counters',
    'socket/session/long-reply',
    'socket/session/methods',
    'socket/session/session',
    'type network',
    'type protocol',
    'type socket/session',
  ],
  history: [
    'protocol',
    'network/archive',
    'network/buckets',
    'network/memory-archive',
    'type network',
    'type node',
  ],
  simulator: ['protocol', 'uart/frame', 'uart/link'],
  client: ['type socket/session'],
  // The session over another way: the client's words, the connector's topics, and the web's rules for its dashboard.
  fleet: [
    'client',
    'connectors/mqtt/topics',
    'protocol/names',
    'socket/role',
    'socket/session/errors',
    'socket/session/method',
    'socket/session/methods',
    'socket/session/subscriptions',
    'socket/web/refusal-log',
    'socket/web/request-connections',
    'socket/web/security-headers',
    'socket/web/static-files',
    'socket/web/web-access',
    'socket/waiting-room',
  ],
  config: ['network/node-names', 'protocol/address', 'protocol/names', 'protocol/position'],
  'config-changes': ['config'],
  'gateway-settings': ['type config'],
  'live-settings': ['config-changes', 'gateway-settings', 'type config'],
  systemd: [],
  recorder: ['protocol', 'uart/console-lines', 'uart/frame', 'uart/link'],
  replay: ['recorder', 'uart/link'],
  gateway: [
    'config',
    'connectors',
    'live-settings',
    'gateway-settings',
    'history',
    'network',
    'protocol',
    'recorder',
    'socket',
    'uart',
  ],
  cli: [
    'client',
    'config',
    'fleet',
    'gateway',
    'gateway-settings',
    'heap',
    'protocol',
    'recorder',
    'replay',
    'simulator',
    'socket/session/describe',
    'systemd',
    'uart',
    'type socket/session',
  ],
  main: ['cli'],
};

/** What is otherwise, each with its reason: words that are told to people, and what might be straightened one day. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'cli/commands/refresh.ts → socket/session/errors.ts': 'the words of a refusal',
  'config.ts → uart/port-finder.ts': 'checks how a port may be named',
  'network/root-line.ts → uart/transmitter.ts': 'the error that sending fails with',
  'socket/session/describe.ts → network/health.ts': 'the words for why a check is not passed',
  'socket/session/describe.ts → uart/link.ts': 'the words for why there is no link',
  'socket/web/map-picture.ts → config.ts': 'takes the settings of its section as they are',
  'socket/web/monitor-messages.ts → uart/describe-link.ts': 'the words for how the link is',
};

function isAllowed(given: Import): boolean {
  const room = roomOf(given.from);
  const target = given.to.replace(/\.ts$/, '');
  if (roomOf(given.to) === room || TOOLS.includes(target)) return true;
  return (MAY_IMPORT[room] ?? []).some((rule) => {
    const isForTypes = rule.startsWith('type ');
    const allowed = rule.replace(/^type /, '');
    return (given.isTypeOnly || !isForTypes) && (target === allowed || target.startsWith(`${allowed}/`));
  });
}

test('every import of a relative path was found, and names a file that is there', (t) => {
  const files = new Set(sourceFiles());
  t.true(imports.length > 200);
  for (const { from, to } of imports.filter(isOwn)) t.true(files.has(to), `${from} → ${to}`);
  for (const file of files) {
    const mentioned = readFileSync(join(SOURCE, file), 'utf8').match(/ from '\.|^import '\./gm)?.length ?? 0;
    const found = imports.filter((given) => given.from === file && isOwn(given)).length;
    t.is(found, mentioned, file);
  }
});

test('every room has a rule', (t) => {
  t.deepEqual([...new Set(sourceFiles().map(roomOf))].sort(), Object.keys(MAY_IMPORT).sort());
});

test('rooms import only what they may', (t) => {
  const wrong = imports.filter((given) => isOwn(given) && !isAllowed(given));
  t.deepEqual(wrong.map(({ from, to }) => `${from} → ${to}`).sort(), Object.keys(EXCEPTIONS).sort());
});

for (const [what, counts] of [
  ['files that run', ({ isTypeOnly }: Import) => !isTypeOnly],
  ['files, types included', () => true],
] as const) {
  test(`there is no circle of imports between ${what}`, (t) => {
    const circles = findCircles(imports.filter((given) => isOwn(given) && counts(given)));
    t.deepEqual(circles, []);
  });
}

/** Circles, each as `a → b → a`; none twice. */
function findCircles(edges: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    else if (!done.has(file)) for (const target of next.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return circles;
}

/** Modules from outside, and who may use them: the client library has none. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  zod: ['config', 'protocol', 'simulator', 'socket'],
  'better-sqlite3': ['history'],
  'lru-cache': ['node'],
  json5: ['socket'],
  'smol-toml': ['toml'],
  debug: ['log', 'uart', 'simulator'],
  mqtt: ['connectors', 'fleet'],
  ws: ['fleet', 'socket'],
  'prom-client': ['socket'],
  commander: ['cli', 'main'],
  serialport: ['uart', 'cli'],
  '@serialport/stream': ['uart'],
  '@serialport/bindings-cpp': ['uart'],
  '@serialport/parser-delimiter': ['uart'],
};

test('modules from outside are used by the rooms that they were chosen for', (t) => {
  const outside = imports.filter((given) => !isOwn(given) && !given.to.startsWith('node:'));
  const wrong = outside.filter(({ from, to }) => !MODULES[to]?.includes(roomOf(from)));
  t.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});
