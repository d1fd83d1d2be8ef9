import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { packageRoot } from '../src/base/package-root.js';

/** `src` in TypeScript: the compiled files no longer show which imports were of types only. */
const SOURCE = join(packageRoot, 'src');

interface Import {
  readonly from: string;
  /** A file below `src`, or a module's name. */
  readonly to: string;
  readonly isRelative: boolean;
  readonly isTypeOnly: boolean;
}

/** An import may have attributes: `with { type: 'text' }`. */
const STATEMENT =
  /^(?:import|export)\s+(type\s)?(?:([^'";]*?)\sfrom\s+)?'([^']+)'(?:\s+with\s+\{[^}]*\})?;/gms;
/** `import('…')`: a module that is loaded when needed, or an inline type. */
const DYNAMIC = /\bimport\('([^']+)'(?:,\s*\{[^}]*\}\s*)?\)/g;

const imports: readonly Import[] = sourceFiles().flatMap((from) => {
  const text = readFileSync(join(SOURCE, from), 'utf8');
  const written = [...text.matchAll(STATEMENT)].map(([, type, names = '', module = '']) =>
    importOf(from, module, type !== undefined || onlyTypes(names)),
  );
  const loaded = [...text.matchAll(DYNAMIC)].map(([, module = '']) => importOf(from, module, false));
  return [...written, ...loaded];
});

function importOf(from: string, module: string, isTypeOnly: boolean): Import {
  const isRelative = module.startsWith('.');
  return { from, to: isRelative ? targetOf(from, module) : module, isRelative, isTypeOnly };
}

/** The file below `src` that a relative path names. */
function targetOf(from: string, module: string): string {
  const path = normalize(join(dirname(from), module));
  const candidates = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')];
  return candidates.find((file) => existsSync(join(SOURCE, file))) ?? path;
}

/** `{ type A, type B }`. */
function onlyTypes(names: string): boolean {
  const listed = /^\{(.*)\}$/s.exec(names.trim())?.[1]?.split(',');
  const given = listed?.map((name) => name.trim()).filter((name) => name !== '');
  return given?.length ? given.every((name) => name.startsWith('type ')) : false;
}

/** The dashboard, a separate program for browsers, is a room like any other. */
function sourceFiles(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .sort();
}

/** A file's room is its folder; a file directly in `src` is a room of its own. */
function roomOf(file: string): string {
  const [first = '', second] = file.split('/');
  return second === undefined ? first.replace(/\.ts$/, '') : first;
}

/** From the top down: a room may import from a lower floor only. */
const FLOORS: readonly (readonly string[])[] = [
  ['main'],
  ['cli', 'dashboard'],
  ['gateway', 'fleet', 'replay'],
  ['connectors', 'client'],
  ['socket'],
  ['api', 'network', 'devices', 'history', 'recorder', 'simulator'],
  ['hub', 'config', 'uart', 'mqtt'],
  ['protocol', 'link', 'systemd'],
  ['node', 'codecs', 'base'],
];

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
}

/** An import of another room's TypeScript. */
function isArrow({ from, to, isRelative }: Import): boolean {
  return isRelative && /\.tsx?$/.test(to) && roomOf(to) !== roomOf(from);
}

function describe({ from, to }: Import): string {
  return `${from} → ${to}`;
}

test('every relative import is found, and names a file that exists', (t) => {
  t.true(imports.length > 200);
  const missing = imports.filter((given) => given.isRelative && !existsSync(join(SOURCE, given.to)));
  t.deepEqual(missing.map(describe), []);
  for (const file of sourceFiles()) {
    const text = readFileSync(join(SOURCE, file), 'utf8');
    const mentioned = text.match(/ from '\.|^import '\.|\bimport\('\./gm)?.length ?? 0;
    const found = imports.filter((given) => given.from === file && given.isRelative).length;
    t.is(found, mentioned, file);
  }
});

test('every room is on exactly one floor', (t) => {
  const rooms = FLOORS.flat();
  t.is(new Set(rooms).size, rooms.length);
  const homeless = sourceFiles().filter((file) => floorOf(file) < 0);
  t.deepEqual(homeless, []);
});

test('no import points up, or to another room on the same floor', (t) => {
  const wrong = imports.filter((given) => isArrow(given) && floorOf(given.to) <= floorOf(given.from));
  t.deepEqual(wrong.map(describe), []);
});

test('a device or a connector imports no other device and no other connector', (t) => {
  const systemOf = (file: string) => /^(?:devices|connectors)\/[^/]+(?=\/)/.exec(file)?.[0];
  const wrong = imports.filter(({ from, to }) => {
    const [one, other] = [systemOf(from), systemOf(to)];
    return one !== undefined && other !== undefined && one !== other;
  });
  t.deepEqual(wrong.map(describe), []);
});

/** What is said on a connection is up to its dialect, and the gateway passes in the list of dialects. */
test('listeners and connections depend on no dialect', (t) => {
  const general = ['connection', 'client-output', 'listener', 'client-socket', 'outbox'].map(
    (name) => `socket/${name}.ts`,
  );
  const ofApi = ['byte-budget', 'client-observer', 'client-tally', 'shared-limits'];
  const known = ['config/role.ts', ...ofApi.map((name) => `api/${name}.ts`)];
  const wrong = imports.filter(({ from, to, isRelative }) => {
    const isPlain = roomOf(to) === 'base' || /^socket\/[^/]+$/.test(to);
    const isAllowed = known.includes(to) || (isPlain && to !== 'socket/line-session.ts');
    return isRelative && general.includes(from) && !isAllowed;
  });
  t.deepEqual(wrong.map(describe), []);
});

for (const [what, counts] of [
  ['files that run', ({ isTypeOnly }: Import) => !isTypeOnly],
  ['files, types included', () => true],
] as const) {
  test(`there is no import cycle between ${what}`, (t) => {
    t.deepEqual(findCircles(imports.filter((given) => given.isRelative && counts(given))), []);
  });
}

/** Cycles, each as `a → b → a`; none twice. */
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

/** The floors would let the page import more, but its code is loaded by browsers, and queries the gateway like any client. */
const ROOMS_OF_THE_PAGE = ['dashboard', 'client', 'protocol', 'base', 'api'];

test('dashboard code comes from rooms that a browser can load, and needs nothing from Node', (t) => {
  const run = imports.filter(({ isTypeOnly }) => !isTypeOnly);
  const reached = new Set(sourceFiles().filter((file) => roomOf(file) === 'dashboard'));
  for (const file of reached) {
    for (const { to, isRelative } of run.filter(({ from }) => from === file)) {
      t.false(to.startsWith('node:'), `${file} → ${to}`);
      if (isRelative) t.true(ROOMS_OF_THE_PAGE.includes(roomOf(to)), `${file} → ${to}`);
      if (isRelative) reached.add(to);
    }
  }
});

/** Packages, and the rooms that may use them. The client library has none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@serialport/bindings-cpp': ['link'],
  '@serialport/parser-delimiter': ['uart'],
  '@serialport/stream': ['link'],
  ajv: ['connectors'],
  commander: ['cli', 'main'],
  debug: ['base', 'link', 'uart', 'simulator'],
  'fast-string-width': ['cli'],
  'fast-wrap-ansi': ['cli'],
  geotiff: ['dashboard'],
  json5: ['socket'],
  leaflet: ['dashboard'],
  libsql: ['history'],
  'leaflet/dist/leaflet.css': ['dashboard'],
  'lru-cache': ['node'],
  mqtt: ['mqtt'],
  preact: ['dashboard'],
  'preact/hooks': ['dashboard'],
  'prom-client': ['socket'],
  re2js: ['devices'],
  serialport: ['link', 'cli'],
  sirv: ['socket'],
  'smol-toml': ['base'],
  tinyqueue: ['simulator'],
  uplot: ['dashboard'],
  'uplot/dist/uPlot.min.css': ['dashboard'],
  ws: ['connectors', 'fleet', 'socket'],
  zod: ['api', 'config', 'connectors', 'devices', 'hub', 'protocol', 'simulator', 'socket'],
};

test('packages are used only by the rooms that they were chosen for', (t) => {
  const outside = imports.filter((given) => !given.isRelative && !given.to.startsWith('node:'));
  const wrong = outside.filter(({ from, to }) => !PACKAGES[to]?.includes(roomOf(from)));
  t.deepEqual(wrong.map(describe), []);
});

/** `let` or a collection at module level outlives its gateway, and two gateways in one process would share it. */
test('no module has state of its own', (t) => {
  const mutable =
    /^(?:export )?(?:let |const \w+(?::[^=]+)? = new (?:Map|Set|WeakMap|Array)\b(?!<[^>]*>\(\[)[^(]*\(\))/gm;
  const found = sourceFiles()
    .filter((file) => !file.startsWith('dashboard/'))
    .flatMap((file) =>
      (readFileSync(join(SOURCE, file), 'utf8').match(mutable) ?? []).map((line) => `${file}: ${line}`),
    );
  t.deepEqual(found, []);
});
