import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import type { GivenSettings } from '../../src/config/given.js';
import type { Config } from '../../src/config/schema.js';
import { loadConfig, secretSettings, settingNames } from '../../src/gateway/settings.js';

const folder = mkdtempSync(join(tmpdir(), 'meshgate-config-'));
const file = join(folder, 'meshgate.toml');
let files = 0;

test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function tomlFile(text: string): string {
  const path = join(folder, `${files++}.toml`);
  writeFileSync(path, text);
  return path;
}

test('without any settings the defaults apply', (t) => {
  const config = loadConfig({}, undefined, {});
  t.is(config.port, 'auto');
  t.is(config.baud, 115_200);
  t.is(config.socket, undefined);
  t.deepEqual(config.tcp, []);
  t.false(config.simulate);
  t.is(config.opcodes, join(packageRoot, 'opcodes.json'));
  t.is(config.data_types, join(packageRoot, 'data-types.json'));
  t.is(config.clients.mode, 0o660);
  t.is(config.clients.request_timeout_ms, 5000);
  t.is(config.clients.settle_ms, 2);
  t.is(config.clients.max_request, 1024);
  t.is(config.mesh.idle_after_s, 60);
  t.is(config.mesh.disconnected_after_s, 180);
  t.is(config.mesh.max_message, 256);
  t.is(config.mesh.values, 10);
  t.is(config.serial.pace_bytes, 1000);
  t.is(config.serial.max_body, 2048);
  t.is(config.serial.frame_timeout_ms, 500);
});

test('the file overrides the defaults, variables the file, flags the variables', (t) => {
  const path = tomlFile('baud = 1\n[mesh]\nvalues = 3\nrefresh_s = 5\n[clients]\nmax = 7\nmode = "0600"\n');
  const env = { MESHGATE_MESH_VALUES: '4', MESHGATE_CLIENTS_MAX: '8', MESHGATE_BAUD: '9600' };
  const config = loadConfig({ baud: '19200', clients: { max: 9 } }, path, env);
  t.is(config.baud, 19_200);
  t.is(config.clients.max, 9);
  t.is(config.mesh.values, 4);
  t.is(config.mesh.refresh_s, 5);
  t.is(config.clients.mode, 0o600);
  t.is(config.mesh.idle_after_s, 60);
});

test('flags that were not given override nothing', (t) => {
  const path = tomlFile('port = "/dev/ttyS7"\n[simulation]\nnodes = 3\n');
  const flags = { port: undefined, simulation: { nodes: undefined, seed: undefined } };
  const config = loadConfig(flags, path, {});
  t.is(config.port, '/dev/ttyS7');
  t.is(config.simulation.nodes, 3);
});

test('MESHGATE_CONFIG names the file, unless a flag does', (t) => {
  const env = { MESHGATE_CONFIG: tomlFile('baud = 9600\n') };
  t.is(loadConfig({}, undefined, env).baud, 9600);
  t.is(loadConfig({}, tomlFile('baud = 19200\n'), env).baud, 19_200);
});

test('values are parsed alike from every source', (t) => {
  const given = (settings: GivenSettings, env = {}) => loadConfig(settings, undefined, env);
  t.deepEqual(given({ tcp: '5001,5002' }).tcp, [5001, 5002]);
  t.deepEqual(given({}, { MESHGATE_TCP: '5001' }).tcp, [5001]);
  t.deepEqual(given({}, { MESHGATE_TCP: '' }).tcp, []);
  t.deepEqual(loadConfig({}, tomlFile('tcp = [5001, 5002]'), {}).tcp, [5001, 5002]);
  t.deepEqual(loadConfig({}, tomlFile('tcp = 5001'), {}).tcp, [5001]);
  for (const text of ['true', '1']) t.true(given({}, { MESHGATE_SIMULATE: text }).simulate);
  for (const text of ['false', '0']) t.false(given({}, { MESHGATE_SIMULATE: text }).simulate);
  t.is(given({}, { MESHGATE_SIMULATION_LOSS: '0.25' }).simulation.loss, 0.25);
});

/** A setting's text in its variable, and its value; where that is the same text or number, the text alone. */
const IN_VARIABLES: Readonly<Record<string, string | readonly [text: string, value: unknown]>> = {
  port: '/dev/ttyS1',
  baud: '9600',
  socket: '/run/s',
  tcp: ['5001, 5002', [5001, 5002]],
  state: '/state',
  simulate: ['true', true],
  opcodes: '/o.json',
  data_types: '/d.json',
  'serial.dtr': 'off',
  'serial.rts': 'on',
  'clients.mode': ['0600', 0o600],
  'clients.group': 'mesh',
  'clients.role': 'read',
  'clients.tcp_role': 'send',
  'http.listen': ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
  'http.token': '0123456789abcdef',
  'http.read_token': '0123456789abcdeg',
  'http.origins': ['http://localhost:3000/, null', ['http://localhost:3000', 'null']],
  'http.read_only': ['1', true],
  'http.classic': 'v2',
  'recovery.enabled': ['false', false],
  'history.enabled': ['0', false],
  'history.days': '0.5',
  'history.max_bytes': '2000000',
  'history.classic_log': '/log',
  'log.format': 'json',
  'map.image': '/map.png',
  'map.corners': ['45, -124, 44, -123', [45, -124, 44, -123]],
  'map.tiles': 'https://tiles.example/{z}/{x}/{y}.png',
  'map.attribution': 'someone',
  'mqtt.url': 'mqtt://broker',
  'mqtt.id': 'north',
  'mqtt.prefix': 'farm',
  'mqtt.version': '5',
  'mqtt.user': 'u',
  'mqtt.password': 'p',
  'mqtt.password_file': '/p',
  'mqtt.ca_file': '/ca',
  'mqtt.cert_file': '/cert',
  'mqtt.key_file': '/key',
  'mqtt.commands': ['send, ping', ['send', 'ping']],
  'mqtt.discovery': 'homeassistant',
  'mqtt.state_file': '/m.json',
  'mqtt.discovery_hazardous': ['true', true],
  'dataforge.mode': 'mesh',
  'dataforge.device': 'tcp:hv.local:5555',
  'dataforge.max_voltage': '1500',
  'dataforge.schema': '/schema.json',
  'dataforge.meter': 'tcp:meter.local:5025',
  'dataforge.calibrator': 'tcp:calibrator.local:5025',
  'dataforge.node_set': '30 {f32le}',
  'dataforge.node_value': 'Battery.voltage',
  'dataforge.tsv': '/hv',
  'hev.mode': 'mesh',
  'hev.device': '/dev/ttyUSB7',
  'hev.dump': '/d',
  'hev.record': '/r',
  'hev.battery': ['false', false],
  'dcss.server': 'dcss.local:14242',
  'dcss.virtual': ['true', true],
  'dcss.jpeg_always': ['1', true],
  'dcss.classifier': 'http://10.0.0.7:8501',
  'dcss.camera': 'http://camera.local:80',
  'dcss.save': '/loops',
  'dcss.serve': '127.0.0.1:14242',
  'dcss.dhs': ['loopDHS, other', ['loopDHS', 'other']],
  'dcss.allow': ['10.0.0.7', ['10.0.0.7']],
  'recorder.bytes': '131072',
  'recorder.clients': ['false', false],
  'recorder.directory': '/r',
  'recorder.directory_bytes': '2000000',
  'simulation.loss': '0.5',
  'simulation.rate_hz': '2.5',
  'simulation.generation': '3',
  'simulation.faults': 'field',
};
/** Whole numbers whose default is as good a value as any. */
const DEFAULTS = loadConfig({}, undefined, {});
const FOR_THE_FILE_ONLY = ['names', 'sockets', 'device', 'dcss.device'];

function settingOf(config: Config, name: string): unknown {
  return name.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], config);
}

for (const name of settingNames().filter((name) => !FOR_THE_FILE_ONLY.includes(name))) {
  const variable = `MESHGATE_${name.replace('.', '_').toUpperCase()}`;
  test(`${name} can be set by ${variable}`, (t) => {
    const sample = IN_VARIABLES[name] ?? String(settingOf(DEFAULTS, name));
    const [given, value] = typeof sample === 'string' ? [sample, sample] : sample;
    const found = settingOf(loadConfig({}, undefined, { [variable]: given }), name);
    t.deepEqual(typeof found === 'number' && typeof value === 'string' ? String(found) : found, value);
  });
}

for (const name of FOR_THE_FILE_ONLY) {
  test(`${name} can be set in the file only, and its variable is refused with that reason`, (t) => {
    const env = { [`MESHGATE_${name.replace('.', '_').toUpperCase()}`]: '[]' };
    t.throws(() => loadConfig({}, undefined, env), {
      message: new RegExp(`: ${name} can be set only in the file`),
    });
  });
}

test('origins are read in the form that browsers send', (t) => {
  const read = (origins: unknown) => loadConfig({ http: { origins } }, undefined, {}).http.origins;
  t.deepEqual(read(['HTTP://LocalHost:80/', 'https://a.example:8443', 'null', 'app://page']), [
    'http://localhost',
    'https://a.example:8443',
    'null',
    'app://page',
  ]);
  for (const wrong of ['localhost:3000', 'http://', 'http://a/path', 'http://u@a', '*', 'mailto:a@b', '']) {
    t.throws(() => read([wrong]), { code: 'BAD_CONFIG', message: /must be an origin/ }, wrong);
  }
});

test('the commands over MQTT are a list, also as text', (t) => {
  const commandsOf = (commands: unknown) =>
    settingOf(loadConfig({ mqtt: { commands } }, undefined, {}), 'mqtt.commands');
  t.is(commandsOf(undefined), undefined);
  t.deepEqual(commandsOf('send,ping'), ['send', 'ping']);
  t.deepEqual(commandsOf(['send']), ['send']);
  t.deepEqual(settingOf(loadConfig({}, undefined, { MESHGATE_MQTT_COMMANDS: '' }), 'mqtt.commands'), []);
});

for (const url of [
  'mqtt://broker',
  'mqtts://broker.example:8884/',
  'mqtt://u:p@[::1]:1883',
  'mqtt://10.0.0.1',
]) {
  test(`${url} is a valid broker URL`, (t) => {
    t.is(settingOf(loadConfig({ mqtt: { url } }, undefined, {}), 'mqtt.url'), url);
  });
}

for (const url of [
  'http://broker',
  'mqtt://',
  'mqtt://broker/topic',
  'mqtt://broker?x=1',
  'broker:1883',
  '',
]) {
  test(`${JSON.stringify(url)} is not a valid broker URL`, (t) => {
    t.throws(() => loadConfig({ mqtt: { url } }, undefined, {}), { code: 'BAD_CONFIG' });
  });
}

test('nodes have names by address, in either notation', (t) => {
  const path = tomlFile('[names]\n5 = "Gate"\n"0x0006" = "Barn"\n');
  t.deepEqual(
    [...loadConfig({}, path, {}).names],
    [
      [5, 'Gate'],
      [6, 'Barn'],
    ],
  );
});

interface Wrong {
  readonly flags?: GivenSettings;
  readonly env?: Record<string, string>;
  readonly toml?: string;
  readonly message: string;
}

const PORT = 'must be auto, a path such as /dev/ttyUSB0, or usb:VID:PID[:SERIAL]';
const TCP = 'must be a whole number from 1 to 65535';

const WRONG: readonly Wrong[] = [
  {
    flags: { baud: 'fast' },
    message: 'baud = "fast": must be a whole number from 300 to 4000000 (given on the command line)',
  },
  {
    flags: { simulation: { nodes: '-1' } },
    message: 'simulation.nodes = "-1": must be a whole number from 0 to 32000 (given on the command line)',
  },
  {
    flags: { simulation: { seed: '1.5' } },
    message:
      'simulation.seed = "1.5": must be a whole number from 0 to 4294967295 (given on the command line)',
  },
  {
    flags: { simulation: { loss: '2' } },
    message: 'simulation.loss = "2": must be a number from 0 to 1 (given on the command line)',
  },
  { flags: { port: 'usb:zz' }, message: `port = "usb:zz": ${PORT} (given on the command line)` },
  { flags: { port: '' }, message: `port = "": ${PORT} (given on the command line)` },
  { flags: { socket: '' }, message: 'socket = "": must be a path (given on the command line)' },
  { flags: { tcp: 'abc' }, message: `tcp = "abc": ${TCP} (given on the command line)` },
  { flags: { tcp: '5001,70000' }, message: `tcp = "5001,70000": ${TCP} (given on the command line)` },
  { env: { MESHGATE_TCP: '0' }, message: `tcp = "0": ${TCP} (given by MESHGATE_TCP)` },
  {
    env: { MESHGATE_SIMULATE: 'yes' },
    message: 'simulate = "yes": must be true or false (given by MESHGATE_SIMULATE)',
  },
  {
    env: { MESHGATE_MESH_VALUES: '0' },
    message: 'mesh.values = "0": must be a whole number from 1 to 10000 (given by MESHGATE_MESH_VALUES)',
  },
  {
    env: { MESHGATE_MESH_VALUES: '' },
    message: 'mesh.values = "": must be a whole number from 1 to 10000 (given by MESHGATE_MESH_VALUES)',
  },
  {
    env: { MESHGATE_MESH_IDLE_AFTER_S: '300' },
    message: 'mesh.disconnected_after_s = 180: must not be less than mesh.idle_after_s (the default)',
  },
  { env: { MESHGATE_BAUT: '9600' }, message: 'MESHGATE_BAUT: unknown setting' },
  { toml: 'tcp = [5001, 70000]', message: `tcp = [5001,70000]: ${TCP} (in FILE)` },
  { toml: 'tcp = true', message: 'tcp = true: must be a port from 1 to 65535, or a list of ports (in FILE)' },
  { toml: 'baud = true', message: 'baud = true: must be a whole number from 300 to 4000000 (in FILE)' },
  { toml: 'port = 5', message: `port = 5: ${PORT} (in FILE)` },
  { toml: 'mesh = 5', message: 'mesh = 5: must be a section (in FILE)' },
  { toml: 'simulation = 5', message: 'simulation = 5: must be a section (in FILE)' },
  { toml: 'bauds = 5', message: 'bauds: unknown setting (in FILE)' },
  { toml: '[mesh]\nidle = 5', message: 'mesh.idle: unknown setting (in FILE)' },
  { toml: '[meshes]\nidle = 5', message: 'meshes: unknown setting (in FILE)' },
  {
    toml: '[mesh]\nidle_after_s = 90\ndisconnected_after_s = 60',
    message: 'mesh.disconnected_after_s = 60: must not be less than mesh.idle_after_s (in FILE)',
  },
  {
    toml: '[clients]\nmode = 660',
    message: 'clients.mode = 660: must be permission bits in octal, such as "0660" (in FILE)',
  },
  {
    toml: '[clients]\nmode = "rw"',
    message: 'clients.mode = "rw": must be permission bits in octal, such as "0660" (in FILE)',
  },
  {
    toml: '[clients]\ngroup = ""',
    message: `clients.group = "": must be a group's name or number (in FILE)`,
  },
  {
    flags: { mqtt: { url: 'broker.example' } },
    message: 'mqtt.url: must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT] (given on the command line)',
  },
  {
    toml: '[mqtt]\nid = "field/north"',
    message:
      'mqtt.id = "field/north": must be 1 to 64 characters, without /, +, #, control characters and leading or trailing blanks (in FILE)',
  },
  {
    toml: '[mqtt]\nprefix = "farm/+"',
    message:
      'mqtt.prefix = "farm/+": must be a topic of at most 127 characters, without +, # and control characters (in FILE)',
  },
  { toml: '[mqtt]\nversion = 4', message: 'mqtt.version = 4: must be auto, 5 or 3.1.1 (in FILE)' },
  {
    toml: '[recorder]\nbytes = 5',
    message: 'recorder.bytes = 5: must be 0, or a whole number from 131072 to 1073741824 (in FILE)',
  },
  { toml: '[serial]\ndtr = "high"', message: 'serial.dtr = "high": must be keep, on or off (in FILE)' },
  {
    toml: '[names]\n0x8000 = "Gate"',
    message: 'names.0x8000 = "Gate": must be a node address such as 0x0005 (in FILE)',
  },
  {
    toml: '[names]\n"5.5" = "Gate"',
    message: 'names.5.5 = "Gate": must be a node address such as 0x0005 (in FILE)',
  },
  {
    toml: '[names]\nGate = "5"',
    message: 'names.Gate = "5": must be a node address such as 0x0005 (in FILE)',
  },
  {
    toml: '[names]\n5 = "Pump"\n6 = "pump"',
    message: 'names.6 = "pump": another node already has this name: 5 = "Pump" (in FILE)',
  },
  {
    toml: '[names]\n5 = "Stra\u00dfe \u00c9"\n6 = " STRASSE   e\u0301\u200b"',
    message:
      'names.6 = " STRASSE   e\u0301\u200b": another node already has this name: 5 = "Stra\u00dfe \u00c9" (in FILE)',
  },
  {
    toml: '[names]\n13 = "Pump"\n"0x000D" = "Gate"',
    message: 'names.0x000D = "Gate": this node already has a name: 13 = "Pump" (in FILE)',
  },
  {
    toml: '[names]\n5 = "0x0006"',
    message: 'names.5 = "0x0006": looks like the address of node 0x0006; choose another name (in FILE)',
  },
  {
    toml: '[names]\n6 = " 5 "',
    message: 'names.6 = " 5 ": looks like the address of node 0x0005; choose another name (in FILE)',
  },
  {
    toml: '[names]\n6 = "NODE-5"',
    message: 'names.6 = "NODE-5": looks like the address of node 0x0005; choose another name (in FILE)',
  },
  {
    toml: '[names]\n6 = "99999"',
    message:
      'names.6 = "99999": looks like a number, but is not a node address; choose another name (in FILE)',
  },
  {
    toml: '[names]\n6 = " \\t"',
    message: 'names.6 = " \\t": is blank; use a name with visible characters (in FILE)',
  },
  {
    toml: '[names]\n6 = "All"',
    message: 'names.6 = "All": "all" means every node in commands; choose another name (in FILE)',
  },
  {
    flags: { tcp: ['5001', 5001] },
    message: 'tcp = ["5001",5001]: must not list a port twice (given on the command line)',
  },
  {
    toml: '[mqtt]\nid = "north "',
    message:
      'mqtt.id = "north ": must be 1 to 64 characters, without /, +, #, control characters and leading or trailing blanks (in FILE)',
  },
  { toml: '[names]\n5 = ""', message: 'names.5 = "": must be a name of 1 to 64 characters (in FILE)' },
];

for (const { flags = {}, env = {}, toml, message } of WRONG) {
  test(`refused: ${message}`, (t) => {
    const path = toml === undefined ? undefined : tomlFile(toml);
    const error = t.throws(() => loadConfig(flags, path, env), { code: 'BAD_CONFIG' });
    t.is(error?.message, message.replace('FILE', path ?? ''));
  });
}

test('a name that reads as the address of its own node is accepted', (t) => {
  const path = tomlFile('[names]\n5 = "0x5"\n6 = "Node-6"\n7 = "Pump all"\n');
  t.is(loadConfig({}, path, {}).names.size, 3);
});

test('a setting that is wrong in two sources is reported for the one that applies', (t) => {
  const path = tomlFile('baud = 1\n');
  const env = { MESHGATE_BAUD: '2' };
  const [inFile, inVariable, inFlag] = [{}, env, env].map((variables, index) =>
    t.throws(() => loadConfig(index === 2 ? { baud: '3' } : {}, path, variables)),
  );
  t.regex(inFile?.message ?? '', /^baud = 1: .*\(in .*toml\)$/);
  t.regex(inVariable?.message ?? '', /^baud = "2": .*\(given by MESHGATE_BAUD\)$/);
  t.regex(inFlag?.message ?? '', /^baud = "3": .*\(given on the command line\)$/);
});

test('a file that does not exist, or is not TOML, is named', (t) => {
  const missing = t.throws(() => loadConfig({}, file, {}), { code: 'BAD_CONFIG' });
  t.true(missing?.message.startsWith(`${file}: ENOENT`));
  const broken = tomlFile('baud = \n');
  const error = t.throws(() => loadConfig({}, broken, {}), { code: 'BAD_CONFIG' });
  t.true(error?.message.startsWith(`${broken}: `));
});

test('other environment variables are ignored', (t) => {
  t.notThrows(() => loadConfig({}, undefined, { MESH: '1', PATH: '/bin', XMESHGATE_BAUD: '1' }));
});

test('additional sockets are set in the file, each with its own role and mode', (t) => {
  const { sockets } = loadConfig(
    {},
    tomlFile('[[sockets]]\npath = "/run/r"\nrole = "read"\nmode = "0666"'),
    {},
  );
  t.deepEqual(sockets, [{ path: '/run/r', role: 'read', mode: 0o666 }]);
});

for (const [name, toml, message] of [
  [
    'an unknown role',
    '[[sockets]]\npath = "/r"\nrole = "root"',
    /^sockets\.0\.role = "root": must be read, send or admin/,
  ],
  ['two with one path', '[[sockets]]\npath = "/r"\nrole = "read"\n'.repeat(2), /must not list a path twice/],
  [
    'two with one path, written in two ways',
    '[[sockets]]\npath = "/a/r"\nrole = "read"\n[[sockets]]\npath = "/a/./r"\nrole = "read"\n',
    /must not list a path twice/,
  ],
  ['no list', 'sockets = "read"', /must be a list of tables \[\[sockets\]\] with path and role/],
  [
    'a section that is unknown',
    '[[sockets]]\npath = "/r"\nrole = "read"\nusers = 5',
    /sockets\.0\.users: unknown setting/,
  ],
] as const) {
  test(`additional sockets are refused: ${name}`, (t) => {
    t.throws(() => loadConfig({}, tomlFile(toml), {}), { code: 'BAD_CONFIG', message });
  });
}

const SECRET = 'hunter2-hunter2-hunter2';

test('the secret settings are those that hold a password or a token', (t) => {
  t.deepEqual(secretSettings().sort(), ['http.read_token', 'http.token', 'mqtt.password', 'mqtt.url']);
});

const LEAKS: readonly { given: GivenSettings; env?: NodeJS.ProcessEnv; toml?: string; names: RegExp }[] = [
  { given: { mqtt: { url: `mqtt://me:${SECRET}@broker/path` } }, names: /^mqtt\.url: / },
  { given: {}, env: { MESHGATE_MQTT_URL: `me:${SECRET}@broker` }, names: /^mqtt\.url: .*MESHGATE_MQTT_URL/ },
  { given: {}, env: { MESHGATE_HTTP_TOKN: SECRET }, names: /^MESHGATE_HTTP_TOKN: unknown setting/ },
  { given: {}, env: { MESHGATE_HTTP_TOKEN: SECRET.slice(0, 15) }, names: /^http\.token: must have/ },
  { given: {}, toml: `[http]\ntoken = ["${SECRET}"]`, names: /^http\.token: / },
  { given: {}, toml: `[http]\nread_token = { a = "${SECRET}" }`, names: /^http\.read_token: / },
  { given: {}, toml: `http = "${SECRET}"`, names: /^http: / },
  { given: {}, toml: `[[mqtt]]\npassword = "${SECRET}"`, names: /^mqtt: / },
  { given: {}, toml: `[mqtt]\npasword = "${SECRET}"`, names: /^mqtt\.pasword: unknown setting/ },
  { given: {}, toml: `[mqtt]\npassword = "${SECRET}`, names: /: line 2, column \d+: Invalid TOML document/ },
  { given: {}, toml: `[mqtt]\npassword = ${SECRET}\n`, names: /: line 2, column \d+: / },
  { given: {}, toml: `[mqtt]\npassword = "${SECRET}"\nid = = 5`, names: /: line 3, column \d+: / },
];

for (const { given, env = {}, toml, names } of LEAKS) {
  test(`an error names a secret setting, never its value: ${names.source} ${toml ?? JSON.stringify({ given, env })}`, (t) => {
    const path = toml === undefined ? undefined : tomlFile(toml);
    const error = t.throws(() => loadConfig(given, path, env), { code: 'BAD_CONFIG', message: names });
    t.false(String(error?.message).includes(SECRET.slice(0, 7)), error?.message);
  });
}
