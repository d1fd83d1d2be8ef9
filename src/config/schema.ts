/**
 * Settings: defaults < TOML file < `MESHGATE_*` variables < flags, checked by one schema.
 *
 * A setting has one name everywhere: `mesh.idle_after_s` is the key `idle_after_s` of the section `[mesh]`, and the
 * variable `MESHGATE_MESH_IDLE_AFTER_S`.
 */
import { resolve } from 'node:path';
import * as z from 'zod';
import { errorText, MeshgateError } from '../base/errors.js';
import { readOrigin } from '../base/origin.js';
import { packageRoot } from '../base/package-root.js';
import { readTextFile } from '../base/text-file.js';
import { parseToml } from '../base/toml.js';
import { parsePortSpec } from '../link/port-choice.js';
import { isUnicast } from '../protocol/address.js';
import { nameKey } from '../protocol/names.js';
import { findNameFault } from '../protocol/node-names.js';
import { isOnEarth } from '../protocol/position.js';

const SECTION = 'must be a section';
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape, { error: SECTION });

/** Numbers; variables and flags give them as text. */
const number = (min: number, max: number, what: string) => {
  const error = `must be a ${what} from ${min} to ${max}`;
  return z
    .union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/, { error })], { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
};

const whole = (min: number, max: number) =>
  number(min, max, 'whole number').refine(Number.isInteger, {
    error: `must be a whole number from ${min} to ${max}`,
  });

const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true' || value === '1');

/** Text: `error` is the one message for all that can be wrong with it. */
const text = (error: string) => z.string({ error });

/** Settings whose value nobody must see in an error, a log or an output: only their name is printed. */
const secrets = new WeakSet<z.core.$ZodType>();

function secret<Setting extends z.ZodType>(setting: Setting): Setting {
  secrets.add(setting);
  return setting;
}

const path = text('must be a path').min(1, { error: 'must be a path' });

/** A list; variables and flags give it as text, with commas between its entries. */
const listed = (value: unknown) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((entry) => entry.trim())
        .filter(Boolean)
    : value;

const ports = z.preprocess(
  (value) => (typeof value === 'number' ? [value] : listed(value)),
  z
    .array(whole(1, 65535), { error: 'must be a port from 1 to 65535, or several' })
    .refine((all) => new Set(all).size === all.length, { error: 'each port can be listed only once' }),
);

const PORT_SPEC = 'must be auto, a path such as /dev/ttyUSB0, or usb:VID:PID[:SERIAL]';
const portSpec = text(PORT_SPEC).refine((spec) => parsePortSpec(spec) !== undefined, { error: PORT_SPEC });

const MODE = 'must be permission bits in octal, such as "0660"';
const mode = text(MODE)
  .regex(/^0?[0-7]{3}$/, { error: MODE })
  .transform((bits) => Number.parseInt(bits, 8));

const GROUP = "must be a group's name or number";
const group = text(GROUP).min(1, { error: GROUP });

const role = z.enum(['read', 'send', 'admin'], { error: 'must be read, send or admin' });

const line = z.enum(['keep', 'on', 'off'], { error: 'must be keep, on or off' });

const NAME = 'must be a name of 1 to 64 characters';
const name = text(NAME).min(1, { error: NAME }).max(64, { error: NAME });

const names = z.record(z.string(), name, { error: SECTION }).transform((entries, context) => {
  const keys = new Map<number, string>();
  const addresses = new Map<string, string>();
  const byAddress = new Map<number, string>();
  const entry = (key = '') => `${key} = ${JSON.stringify(entries[key])}`;
  for (const [key, name] of Object.entries(entries)) {
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const address = Number(key);
    const fault = findNameFault(address, name);
    if (!Number.isInteger(address) || !isUnicast(address)) refuse('must be a node address such as 0x0005');
    else if (fault !== undefined) refuse(fault);
    else if (keys.has(address)) refuse(`the same node has a name already: ${entry(keys.get(address))}`);
    else if (addresses.has(nameKey(name))) {
      refuse(`another node has this name already: ${entry(addresses.get(nameKey(name)))}`);
    }
    keys.set(address, key);
    addresses.set(nameKey(name), key);
    byAddress.set(address, name);
  }
  return byAddress;
});

/** `off`, a port of 127.0.0.1, or host and port; an IPv6 address stands in brackets. */
const httpAddress = z
  .union([z.string(), z.number()])
  .transform((value) => parseHttpAddress(String(value)))
  .refine((address) => address !== undefined, {
    error: 'must be off, a port, or HOST:PORT such as 127.0.0.1:7654',
  });

function parseHttpAddress(text: string): { host: string; port: number } | 'off' | undefined {
  if (text === 'off') return 'off';
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const CORNERS = 'must be [north, west, south, east] in degrees, such as [44.6, -123.3, 44.5, -123.2]';
const corners = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map(Number) : value),
    z.tuple([z.number(), z.number(), z.number(), z.number()], { error: CORNERS }),
  )
  .refine(isPlaceOnEarth, { error: CORNERS });

function isPlaceOnEarth([north, west, south, east]: readonly [number, number, number, number]): boolean {
  const areOnEarth = isOnEarth({ lat: north, lon: west }) && isOnEarth({ lat: south, lon: east });
  return areOnEarth && north > south && west < east;
}

const TILES = 'must be an address such as https://example.org/{z}/{x}/{y}.png';
const tiles = text(TILES).refine(
  (address) => /^https?:\/\//.test(address) && ['{z}', '{x}', '{y}'].every((part) => address.includes(part)),
  { error: TILES },
);

const token = z.string().min(16, { error: 'must have at least 16 characters' });

const ORIGIN = 'must be an origin such as http://localhost:3000, or null';
const ORIGINS = 'must be a list of origins, such as ["http://localhost:3000", "null"]';
const origins = z.preprocess(
  listed,
  z.array(
    text(ORIGIN).transform((given, context) => {
      const origin = readOrigin(given);
      if (origin === undefined) context.addIssue({ code: 'custom', message: ORIGIN });
      return origin ?? z.NEVER;
    }),
    { error: ORIGINS },
  ),
);

const minute = 60;
const day = 24 * 60 * minute;

const serialSection = section({
  /** DTR and RTS reset many ESP32 boards; `keep` leaves them as the system has them. */
  dtr: line.default('keep'),
  rts: line.default('keep'),
  open_timeout_ms: whole(100, 60_000).default(5000),
  write_timeout_ms: whole(100, 60_000).default(5000),
  max_body: whole(32, 65_536).default(2048),
  frame_timeout_ms: whole(10, 60_000).default(500),
  /** Encoded bytes that go out in any window; 0 = no pacing. */
  pace_bytes: whole(0, 1_000_000).default(1000),
  pace_window_ms: whole(10, 60_000).default(1000),
  /** Commands that may wait to be written. */
  queue: whole(1, 65_536).default(256),
});

const clientsSection = section({
  mode: mode.default(0o660),
  group: group.optional(),
  /** What clients of the main socket may do, and those of the TCP ports. */
  role: role.default('admin'),
  tcp_role: role.default('admin'),
  max: whole(1, 65_536).default(1024),
  max_request: whole(16, 1_048_576).default(1024),
  request_timeout_ms: whole(10, 600_000).default(5000),
  settle_ms: whole(1, 5000).default(2),
  outbox_bytes: whole(1024, 1_073_741_824).default(1_048_576),
});

/** Further Unix sockets, for clients that may do less or more than those of the main one. */
const sockets = z
  .array(section({ path, role, mode: mode.default(0o660), group: group.optional() }), {
    error: 'must be a list: [[sockets]] with path and role',
  })
  .refine((all) => new Set(all.map(({ path }) => resolve(path))).size === all.length, {
    error: 'each must have a path of its own',
  });

const meshSection = section({
  idle_after_s: whole(1, day).default(minute),
  disconnected_after_s: whole(1, 7 * day).default(3 * minute),
  /** 0 = only when a client asks. */
  refresh_s: whole(0, day).default(30),
  max_message: whole(1, 1000).default(256),
  values: whole(1, 10_000).default(10),
  max_nodes: whole(1, 32_767).default(32_767),
  /** Without a word for so long while the link is open, an alarm is raised. */
  root_silent_after_s: whole(5, day).default(90),
  /** Events that a client can resume from. */
  events: whole(100, 1_000_000).default(10_000),
}).refine(({ idle_after_s, disconnected_after_s }) => idle_after_s <= disconnected_after_s, {
  path: ['disconnected_after_s'],
  error: 'must not be less than mesh.idle_after_s',
});

const httpSection = z.strictObject({
  /** The monitor: dashboard page, websockets. Without it, 127.0.0.1:7654 is used if it is free. */
  listen: httpAddress.optional(),
  token: secret(token.optional()),
  read_token: secret(token.optional()),
  /** Pages of other origins that may connect; `null`: pages from a file. */
  origins: origins.default([]),
  read_only: flag.default(false),
  /** Which messages dashboards at ws://…/ get. */
  classic: z.enum(['v1', 'v2'], { error: 'must be v1 or v2' }).default('v1'),
});

const recoverySection = section({
  /** False: a silent root is told of, and left alone. */
  enabled: flag.default(true),
  /** Silence after which the root is asked for its nodes; at mesh.root_silent_after_s it is restarted. */
  probe_after_s: whole(5, day).default(minute),
  /** What the root is given after each step. */
  step_s: whole(1, 3600).default(20),
  /** Between rounds; doubles with each. */
  first_pause_s: whole(1, day).default(minute),
  longest_pause_s: whole(1, day).default(60 * minute),
});

const historySection = section({
  /** False: values are in memory only. */
  enabled: flag.default(true),
  /** Days that values and events are kept. */
  days: number(0.01, 36_500, 'number').default(30),
  /** Bytes of the file; what is oldest goes first. */
  max_bytes: whole(1_048_576, Number.MAX_SAFE_INTEGER).default(1_073_741_824),
  /** Directory for files as the predecessor wrote them: `<type>_hist.txt`. */
  classic_log: path.optional(),
});

const mapSection = section({
  /** A PNG or GeoTIFF picture behind the map's nodes. */
  image: path.optional(),
  /** Where the picture lies; a GeoTIFF in EPSG:4326 says so itself. */
  corners: corners.optional(),
  /** Pages load tiles from there; by default they load nothing from anywhere. */
  tiles: tiles.optional(),
  /** Whose map it is. */
  attribution: text('must be text').optional(),
});

const MQTT_URL = 'must be mqtt://HOST, mqtts://HOST, with :PORT where it is not 1883 or 8883';
const mqttUrl = text(MQTT_URL).refine(isMqttUrl, { error: MQTT_URL });

function isMqttUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(url);
  return /^mqtts?:$/.test(protocol) && hostname !== '' && /^\/?$/.test(pathname) && search + hash === '';
}

/** What stands in a topic: no wildcards, no control characters. */
const TOPIC = 'must be a topic without +, # and control characters, at most 127 characters';
const topic = text(TOPIC).regex(/^(?![$/])[^+#\p{Cc}]{1,127}(?<!\/)$/u, { error: TOPIC });

const TOPIC_LEVEL =
  'must be 1 to 64 characters without /, +, # and control characters, and no blank at either end';
const topicLevel = text(TOPIC_LEVEL).regex(/^(?![$\s])[^/+#\p{Cc}]{1,64}(?<!\s)$/u, { error: TOPIC_LEVEL });

const COMMANDS = 'must be a list of commands, such as ["send", "ping"]';
const commands = z.preprocess(listed, z.array(z.string({ error: COMMANDS }), { error: COMMANDS }));

const mqttSection = section({
  /** Without one there is no MQTT. It may hold a password. */
  url: secret(mqttUrl.optional()),
  /** The gateway's own name among those of a farm; the host's name unless given. */
  id: topicLevel.optional(),
  prefix: topic.default('meshgate'),
  /** `auto`: 5, and 3.1.1 where the broker does not speak it. */
  version: z.enum(['auto', '5', '3.1.1'], { error: 'must be auto, 5 or 3.1.1' }).default('auto'),
  user: text('must be text').optional(),
  password: secret(text('must be text').optional()),
  password_file: path.optional(),
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  /** Commands that are carried out; all but `resetRoot` and `clean` unless given. */
  commands: commands.optional(),
  /** Home Assistant's discovery prefix, mostly `homeassistant`; nothing is told there unless given. */
  discovery: topic.optional(),
  /** 0 = never. */
  counters_s: whole(0, day).default(minute),
  /** Where the number of the last event that the broker has is kept across restarts; in the state directory unless given. */
  state_file: path.optional(),
});

const logSection = section({
  /** `json`: one object a line, for programs that collect logs. */
  format: z.enum(['text', 'json'], { error: 'must be text or json' }).default('text'),
});

const GENERATION = 'must be 1, 2 or 3';
const generation = z
  .union([z.literal([1, 2, 3]), z.enum(['1', '2', '3'])], { error: GENERATION })
  .transform((given) => Number(given) as 1 | 2 | 3);
const RECORDER_BYTES = 'must be 0, or a whole number from 131072 to 1073741824';

const recorderSection = section({
  /** Of memory; 0 = nothing is recorded. */
  bytes: whole(0, 1_073_741_824)
    .refine((bytes) => bytes === 0 || bytes >= 131_072, { error: RECORDER_BYTES })
    .default(16_777_216),
  /** What clients ask and are answered is recorded too. */
  clients: flag.default(true),
  /** Written to disk there too. */
  directory: path.optional(),
  directory_bytes: whole(1_048_576, 1_099_511_627_776).default(268_435_456),
});

const simulationSection = section({
  nodes: whole(0, 32_000).default(12),
  seed: whole(0, 4_294_967_295).default(1),
  /** Data updates of each node, per second. */
  rate_hz: number(0, 1000, 'number').default(1),
  /** Share of messages that each hop loses. */
  loss: number(0, 1, 'number').default(0.01),
  /** Which firmware the root and its nodes have. */
  generation: generation.default(2),
  /** A preset's name, or the path of a fault file. */
  faults: text('must be a preset or the path of a fault file')
    .min(1, { error: 'must be a preset or the path of a fault file' })
    .optional(),
});

const schema = z.strictObject({
  port: portSpec.default('auto'),
  baud: whole(300, 4_000_000).default(115_200),
  /** Without one: see `defaultSocketPath`. */
  socket: path.optional(),
  /** Ports of 127.0.0.1; none by default. */
  tcp: ports.default([]),
  sockets: sockets.default([]),
  /** Directory of what outlives the process. Without one: see `defaultStateDirectory`. */
  state: path.optional(),
  simulate: flag.default(false),
  opcodes: path.default(resolve(packageRoot, 'opcodes.json')),
  data_types: path.default(resolve(packageRoot, 'data-types.json')),
  serial: serialSection.prefault({}),
  clients: clientsSection.prefault({}),
  mesh: meshSection.prefault({}),
  http: httpSection.prefault({}),
  recovery: recoverySection.prefault({}),
  history: historySection.prefault({}),
  map: mapSection.prefault({}),
  mqtt: mqttSection.prefault({}),
  log: logSection.prefault({}),
  recorder: recorderSection.prefault({}),
  simulation: simulationSection.prefault({}),
  names: names.default(new Map()),
});

/** Every setting, checked. Names end in their unit; see `docs/configuration.md` for what each means. */
export type Config = z.output<typeof schema>;

/** Settings as they were given, by name; sections are nested. */
export type GivenSettings = { readonly [name: string]: unknown };

/** A setting that can be given by variable: its path in the settings. */
interface Variable {
  readonly name: string;
  readonly path: readonly string[];
  readonly isSecret: boolean;
}

const PREFIX = 'MESHGATE_';
/** Variables that are not settings: which file the settings come from, and which gateways a client talks to. */
const CONFIG_FILE_VARIABLE = 'MESHGATE_CONFIG';
const FLEET_VARIABLES = /^MESHGATE_FLEET(_(PREFIX|USER|PASSWORD|CA_FILE))?$/;

/** Tables of a site's own, and lists of tables: they are for the file only. */
const FILE_ONLY: ReadonlySet<string> = new Set(['names', 'sockets']);

const variables: readonly Variable[] = listVariables();

/**
 * Reads and joins all settings. `flags`: what the command line gave; `file`: its `--config`.
 * Throws `BAD_CONFIG` that names the setting, its value unless it is secret, and what is allowed.
 */
export function loadConfig(
  flags: GivenSettings,
  file?: string,
  env: NodeJS.ProcessEnv = process.env,
): Config {
  const configFile = file ?? env[CONFIG_FILE_VARIABLE];
  if (configFile === '-') {
    throw new MeshgateError(
      'BAD_CONFIG',
      'settings are not read from standard input: they are read again when they are reloaded',
      'give the path of a TOML file',
    );
  }
  const fromFile = configFile === undefined ? {} : readToml(configFile);
  const fromEnvironment = readVariables(env);
  const given = merge(merge(fromFile, fromEnvironment), flags);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw badSetting(result.error.issues[0], { flags, fromEnvironment, fromFile, given, configFile });
}

interface Sources {
  readonly flags: GivenSettings;
  readonly fromEnvironment: GivenSettings;
  readonly fromFile: GivenSettings;
  readonly given: GivenSettings;
  readonly configFile: string | undefined;
}

function badSetting(issue: z.core.$ZodIssue | undefined, sources: Sources): MeshgateError {
  if (issue?.code === 'unrecognized_keys') {
    const name = [...issue.path, issue.keys[0]].join('.');
    return new MeshgateError(
      'BAD_CONFIG',
      `${name}: there is no such setting${placeOf([...issue.path, issue.keys[0] ?? ''], sources)}`,
    );
  }
  const at = givenPath(issue?.path ?? [], sources.given);
  const value = mayShow(at)
    ? ` = ${JSON.stringify(valueAt(sources.given, at) ?? valueAt(schema.parse({}), at))}`
    : '';
  return new MeshgateError('BAD_CONFIG', `${at.join('.')}${value}: ${issue?.message}${placeOf(at, sources)}`);
}

/** Neither a secret, nor a section that holds one. */
function mayShow(at: readonly PropertyKey[]): boolean {
  return !variables.some(
    ({ path, isSecret }) => isSecret && at.every((key, index) => index >= path.length || path[index] === key),
  );
}

/** The setting that an issue is about: `tcp.0` is an entry of what was given for `tcp`. */
function givenPath(at: readonly PropertyKey[], given: GivenSettings): readonly PropertyKey[] {
  const isEntry = typeof at.at(-1) === 'number';
  return isEntry && valueAt(given, at) === undefined ? at.slice(0, -1) : at;
}

/** Where a setting was given, for a person to find it. */
function placeOf(
  at: readonly PropertyKey[],
  { flags, fromEnvironment, fromFile, configFile }: Sources,
): string {
  if (valueAt(flags, at) !== undefined) return ' (given on the command line)';
  if (valueAt(fromEnvironment, at) !== undefined) return ` (given by ${variableName(at.map(String))})`;
  return valueAt(fromFile, at) === undefined ? ' (the default)' : ` (in ${configFile})`;
}

function valueAt(settings: unknown, at: readonly PropertyKey[]): unknown {
  return at.reduce<unknown>((inner, key, index) => {
    if (Array.isArray(inner) && index < at.length - 1) return inner[Number(key)];
    return isSection(inner) ? inner[String(key)] : undefined;
  }, settings);
}

function readToml(file: string): GivenSettings {
  try {
    return parseToml(readTextFile(file));
  } catch (error) {
    throw new MeshgateError('BAD_CONFIG', `${file}: ${errorText(error)}`, undefined, { cause: error });
  }
}

/** An unknown variable is refused: a misspelt one would be ignored without a word. */
function readVariables(env: NodeJS.ProcessEnv): GivenSettings {
  let settings: GivenSettings = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || name === CONFIG_FILE_VARIABLE || value === undefined) continue;
    if (FLEET_VARIABLES.test(name)) continue;
    const variable = variables.find((known) => known.name === name);
    if (!variable) throw badVariable(name);
    settings = merge(settings, nest(variable.path, value));
  }
  return settings;
}

function badVariable(name: string): MeshgateError {
  const fileOnly = [...FILE_ONLY].find((setting) => variableName([setting]) === name);
  const why = fileOnly === undefined ? 'there is no such setting' : `${fileOnly} can be set in the file only`;
  return new MeshgateError('BAD_CONFIG', `${name}: ${why}`);
}

function listVariables(): Variable[] {
  const top = Object.entries(schema.shape).filter(([name]) => !FILE_ONLY.has(name));
  return top.flatMap(([name, entry]) => {
    const section = entry instanceof z.ZodPrefault ? entry.unwrap() : undefined;
    const settings = section ? Object.entries(section.shape) : [];
    const within = settings.map(([key, setting]) => ({ parts: [name, key], setting }));
    const all = section ? within : [{ parts: [name], setting: entry }];
    return all.map(({ parts, setting }) => ({
      name: variableName(parts),
      path: parts,
      isSecret: secrets.has(setting),
    }));
  });
}

/** Names of the settings that are secret. */
export function secretSettings(): string[] {
  return variables.filter(({ isSecret }) => isSecret).map(({ path }) => path.join('.'));
}

/** Every setting's name: `port`, `mesh.idle_after_s` … */
export function settingNames(): string[] {
  return [...variables.map(({ path }) => path.join('.')), ...FILE_ONLY];
}

function variableName(parts: readonly string[]): string {
  return PREFIX + parts.join('_').toUpperCase();
}

function nest(path: readonly string[], value: unknown): GivenSettings {
  const [first = '', ...rest] = path;
  return { [first]: rest.length === 0 ? value : nest(rest, value) };
}

function merge(under: GivenSettings, over: GivenSettings): GivenSettings {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || isEmpty(value)) continue;
    const below = merged[key];
    merged[key] = isSection(below) && isSection(value) ? merge(below, value) : value;
  }
  return merged;
}

/** A section of which nothing was given. */
function isEmpty(value: unknown): boolean {
  return isSection(value) && Object.values(value).every((inner) => inner === undefined);
}

function isSection(value: unknown): value is GivenSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
