import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { sensorClasses } from '../../../src/connectors/mqtt/sensor-classes.js';
import type { CommandDefinition } from '../../../src/hub/command-definition.js';
import { BenchSource } from '../../support/bench-source.js';
import { CAMERA, CommandedBench, FIRST_STAGE, STATE } from '../../support/commanded-bench.js';
import { MqttFixture, type MqttFixtureOptions } from '../../support/mqtt-fixture.js';
import { netInfo } from '../../support/network-fixture.js';
import { DATA_TYPES_FILE, loadTables, OPCODES_FILE, readTable, temporaryFile } from '../../support/tables.js';

interface Keys {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

type Entity = Readonly<Record<string, unknown>>;

const book = JSON.parse(readFileSync(join(packageRoot, 'test', 'vectors', 'home-assistant.json'), 'utf8'));
const platforms = book.platforms as Readonly<Record<string, Keys>>;
const unitsOfClass = book.unitsOfClass as Readonly<Record<string, readonly string[]>>;

const DATA = '00 05 44 04 00 07 01 39 30 00 09 BC 00 10 E7 2F 11 A0 05';
const topicOf = (node: string) => `homeassistant/device/farm-north-${node}/config`;
const GATEWAY = 'homeassistant/device/farm-north/config';

const discovering = ({ settings, ...others }: MqttFixtureOptions = {}) =>
  MqttFixture.start({ settings: { discoveryPrefix: 'homeassistant', ...settings }, ...others });

/** Every announced device, by topic. */
const devices = ({ broker }: MqttFixture) =>
  [...broker.retained.keys()].filter((topic) => topic.startsWith('homeassistant/'));

function entities(fixture: MqttFixture, topic: string): Readonly<Record<string, Entity>> {
  return (fixture.broker.kept(topic)?.components ?? {}) as Readonly<Record<string, Entity>>;
}

function checkKeys(t: ExecutionContext, what: string, value: Entity, { required, optional }: Keys): void {
  for (const key of required) t.true(key in value, `${what} has no ${key}`);
  for (const key of Object.keys(value)) t.true([...required, ...optional].includes(key), `${what}: ${key}`);
}

/** Checks a device against what Home Assistant documents. */
function checkDevice(t: ExecutionContext, fixture: MqttFixture, topic: string): void {
  const device = fixture.broker.kept(topic) ?? {};
  t.regex(topic, new RegExp(book.topic));
  checkKeys(t, 'the root', device, book.root);
  checkKeys(t, 'device', device.device as Entity, book.device);
  checkKeys(t, 'origin', device.origin as Entity, book.origin);
  for (const [key, entity] of Object.entries(entities(fixture, topic))) checkEntity(t, key, entity);
}

function checkEntity(t: ExecutionContext, key: string, entity: Entity): void {
  const { required = [], optional = [] } = platforms[String(entity.platform)] ?? {};
  checkKeys(t, key, entity, { required, optional: [...optional, ...book.common] });
  for (const one of entity.availability as Entity[])
    checkKeys(t, `${key}.availability`, one, book.availability);
  if (entity.availability_mode) t.true(book.availabilityModes.includes(entity.availability_mode));
  if (entity.entity_category) t.true(book.entityCategories.includes(entity.entity_category));
  if (entity.state_class) t.true(book.stateClasses.includes(entity.state_class));
  if (entity.device_class === 'enum') {
    t.true(Array.isArray(entity.options) && entity.options.length > 0, key);
    t.false('state_class' in entity || 'unit_of_measurement' in entity, key);
  } else if (entity.platform === 'sensor' && entity.device_class) {
    t.true(unitsOfClass[String(entity.device_class)]?.includes(String(entity.unit_of_measurement)), key);
  }
  if (entity.platform === 'binary_sensor')
    t.true(book.binarySensorClasses.includes(entity.device_class), key);
}

test('every device has the keys that Home Assistant documents, and no others', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA, netInfo(6), '00 07 7B 22 6C 61 74 22 3A 31 2C 22 6C 6F 6E 22 3A 32 7D 0A');
  t.is(devices(fixture).length, 4);
  for (const topic of devices(fixture)) checkDevice(t, fixture, topic);
});

test('without the setting nothing is announced there', async (t) => {
  const fixture = await MqttFixture.start();
  await fixture.say(DATA);
  t.deepEqual(devices(fixture), []);
});

test('a node is a device connected via the gateway, and each of its fields a sensor', async (t) => {
  const fixture = await discovering();
  await fixture.say(netInfo(5), DATA);
  const announced = fixture.broker.kept(topicOf('0x0005'));
  t.like(announced, {
    device: {
      identifiers: ['farm-north-0x0005'],
      name: 'Node-5',
      via_device: 'farm-north',
      serial_number: '32100000000000000000000000000005',
    },
    origin: { name: 'meshgate' },
  });
  const { 'Temperature-temperature': temperature, 'GPS-longitude': longitude } = entities(
    fixture,
    topicOf('0x0005'),
  );
  t.like(temperature, {
    platform: 'sensor',
    name: 'Temperature',
    unique_id: 'farm-north-0x0005-Temperature-temperature',
    state_topic: 'farm/north/node/0x0005/Temperature/temperature',
    unit_of_measurement: '°C',
    device_class: 'temperature',
    state_class: 'measurement',
  });
  t.like(longitude, { name: 'GPS longitude', unit_of_measurement: '°' });
  t.false('device_class' in (longitude ?? {}));
});

/** The topics that an entity's availability depends on. */
function availabilityOf(entity: Entity | undefined): unknown[] {
  return ((entity?.availability ?? []) as Entity[]).map(({ topic }) => topic);
}

test('its entities are available while the gateway is online and the node is connected', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA);
  const { 'Battery-voltage': voltage, problem, ping, status } = entities(fixture, topicOf('0x0005'));
  t.deepEqual(availabilityOf(voltage), ['farm/north/status', 'farm/north/node/0x0005']);
  t.is(voltage?.availability_mode, 'all');
  for (const always of [problem, ping, status]) {
    t.deepEqual(availabilityOf(always), ['farm/north/status']);
  }
});

test('a position makes a tracker, read from its position topic', async (t) => {
  const fixture = await discovering();
  await fixture.say('00 05 44 01 00 07');
  t.false('position' in entities(fixture, topicOf('0x0005')));
  await fixture.say(DATA);
  const { position } = entities(fixture, topicOf('0x0005'));
  t.like(position, { platform: 'device_tracker', source_type: 'gps' });
  t.like(fixture.broker.kept(String(position?.json_attributes_topic)), {
    latitude: 48.137,
    longitude: 12.345,
  });
});

test('the ping button sends a command that pings the node, where that is allowed', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA);
  const { ping } = entities(fixture, topicOf('0x0005'));
  fixture.broker.deliver(String(ping?.command_topic), String(ping?.payload_press));
  await fixture.settle();
  t.true(fixture.mesh.sent.at(-1)?.startsWith('SEND-\0\x05E'));
  const without = await discovering({ settings: { commands: ['hello'] } });
  await without.say(DATA);
  t.false('ping' in entities(without, topicOf('0x0005')));
});

test('alarms are problem sensors: one per node, and one per code for the gateway', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA);
  t.like(entities(fixture, topicOf('0x0005')).problem, {
    device_class: 'problem',
    state_topic: 'farm/north/node/0x0005',
    value_template: "{{ 'ON' if value_json.alarms else 'OFF' }}",
  });
  const lost = entities(fixture, GATEWAY).link_lost;
  t.like(lost, {
    device_class: 'problem',
    state_topic: 'farm/north/alarms',
    value_template: "{{ 'ON' if value_json.codes.LINK_LOST is defined else 'OFF' }}",
  });
  fixture.mesh.link('backingOff');
  await fixture.settle();
  t.like(fixture.broker.kept('farm/north/alarms'), { codes: { LINK_LOST: 1 } });
});

test('every gateway alarm is a sensor there, and only those', async (t) => {
  const fixture = await discovering();
  const problems = Object.entries(entities(fixture, GATEWAY)).filter(([key]) => key !== 'link');
  const codes = Object.entries(fixture.mesh.hub.alarms.definitions).filter(([, { of }]) => of === 'gateway');
  t.deepEqual(
    problems.map(([key]) => key.toUpperCase()),
    codes.map(([code]) => code),
  );
  t.is(problems.find(([key]) => key === 'history_failing')?.[1].name, 'History failing');
});

test('a device is announced again only when it has something new', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA);
  await fixture.say(DATA);
  t.is(fixture.broker.at(topicOf('0x0005')).length, 1);
  await fixture.say('00 05 7B 22 61 22 3A 31 7D 0A');
  t.is(fixture.broker.at(topicOf('0x0005')).length, 2);
  t.true('Report-a' in entities(fixture, topicOf('0x0005')));
});

test('a node that is forgotten is removed there too', async (t) => {
  const fixture = await discovering();
  await fixture.say(DATA);
  await fixture.mesh.hub.commands.execute({ kind: 'clean' }, 'test');
  await fixture.settle();
  t.deepEqual(devices(fixture), [GATEWAY]);
});

test('a device announced by an earlier run is removed when it does not come back', async (t) => {
  const earlier = await discovering();
  await earlier.say(DATA);
  earlier.broker.lose();
  const fixture = await discovering({ broker: earlier.broker });
  await fixture.pass(620_000);
  t.deepEqual(devices(fixture), [GATEWAY]);
});

const command = (name: string, more: Partial<CommandDefinition> = {}): CommandDefinition => ({
  name,
  summary: name,
  arguments: [],
  ...more,
});

const COMMANDS = [
  command('stop'),
  command('find-origin', { isHazardous: true }),
  command('calibrate', { role: 'admin' }),
  command('move', { arguments: [{ name: 'position', type: 'number', min: 0, max: 9 }] }),
];

async function discoverStage(settings: MqttFixtureOptions['settings'] = {}) {
  const fixture = await discovering({ settings: { imagesEveryMs: 1000, ...settings } });
  const { hub, clock } = fixture.mesh;
  const bench = new CommandedBench(hub, () => clock.now(), { description: 'XY stage', commands: COMMANDS });
  bench.link('up');
  bench.source.report(FIRST_STAGE, STATE, Buffer.from([1]));
  bench.source.report(FIRST_STAGE, CAMERA, Buffer.from([1, 2, 3]));
  await fixture.pass(1000);
  return { fixture, bench };
}

const STAGE = topicOf('stage');

test('a device of a source is a device there, with the keys that Home Assistant documents', async (t) => {
  const { fixture } = await discoverStage();
  checkDevice(t, fixture, STAGE);
  t.like(fixture.broker.kept(STAGE), {
    device: { identifiers: ['farm-north-stage'], name: 'stage', model: 'XY stage', via_device: 'farm-north' },
  });
  const { link, status, problem, 'image-Camera': image } = entities(fixture, STAGE);
  t.like(link, {
    device_class: 'connectivity',
    state_topic: 'farm/north/device/stage/availability',
    payload_on: 'online',
    payload_off: 'offline',
  });
  t.is(status?.state_topic, 'farm/north/device/stage');
  t.is(problem?.state_topic, 'farm/north/device/stage');
  t.like(image, {
    platform: 'image',
    image_topic: 'farm/north/device/stage/Camera/image',
    content_type: 'image/png',
  });
});

test('an enumeration is a sensor with its names as options', async (t) => {
  const { fixture } = await discoverStage();
  const sensor = entities(fixture, STAGE)['StageState-state'] ?? {};
  t.like(sensor, {
    device_class: 'enum',
    options: ['IDLE', 'MOVING'],
    value_template: '{{ {"0":"IDLE","1":"MOVING"}.get(value) }}',
    state_topic: 'farm/north/device/stage/StageState/state',
  });
  t.false('state_class' in sensor || 'unit_of_measurement' in sensor);
  t.is(fixture.broker.retained.get(String(sensor.state_topic)), '1');
});

test('readings of a device have unit and class', async (t) => {
  const fixture = await discovering();
  const { hub, clock } = fixture.mesh;
  const bench = new BenchSource(hub, () => clock.now());
  bench.link('up');
  bench.report(1200);
  await fixture.settle();
  const { 'Supply-voltage': voltage } = entities(fixture, topicOf('hv_3a1'));
  t.like(voltage, {
    unit_of_measurement: 'V',
    device_class: 'voltage',
    unique_id: 'farm-north-hv_3a1-Supply-voltage',
  });
  t.deepEqual(availabilityOf(voltage), ['farm/north/status', 'farm/north/device/hv:1']);
  checkDevice(t, fixture, topicOf('hv_3a1'));
  bench.source.close();
  await fixture.settle();
  t.deepEqual(devices(fixture), [GATEWAY]);
});

test('commands without arguments are buttons; hazardous ones and those for admins only where a setting allows it', async (t) => {
  const buttons = (fixture: MqttFixture) =>
    Object.entries(entities(fixture, STAGE)).flatMap(([key, { platform }]) =>
      platform === 'button' ? [key] : [],
    );
  const { fixture, bench } = await discoverStage();
  t.deepEqual(buttons(fixture), ['command-stop']);
  const stop = entities(fixture, STAGE)['command-stop'];
  t.deepEqual(availabilityOf(stop), ['farm/north/status', 'farm/north/device/stage/availability']);
  fixture.broker.deliver(String(stop?.command_topic), String(stop?.payload_press));
  await fixture.settle();
  t.is(bench.lastRun.name, 'stop');
  const all = await discoverStage({ announcesHazardous: true });
  t.deepEqual(buttons(all.fixture), ['command-stop', 'command-find_2dorigin', 'command-calibrate']);
  t.is(entities(all.fixture, STAGE)['command-find_2dorigin']?.name, 'Find origin');
  const none = await discoverStage({ commands: ['send'], announcesHazardous: true });
  t.deepEqual(buttons(none.fixture), []);
});

test('an alarm of a device does not announce it as a node', async (t) => {
  const { fixture, bench } = await discoverStage();
  bench.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'low', text: 'limit switch' });
  await fixture.settle();
  t.deepEqual(devices(fixture), [GATEWAY, STAGE]);
});

test('with any names, keys and topics use only the characters that Home Assistant allows', async (t) => {
  const table = readTable(DATA_TYPES_FILE) as { types: object[] };
  const odd = {
    name: 'A_B',
    id: 99,
    length: 2,
    fields: [
      { name: 'c/d é', type: 'u8' },
      { name: 'B', type: 'u8' },
    ],
  };
  const other = { name: 'AA', id: 98, length: 1, fields: [{ name: 'B_c/d é', type: 'u8' }] };
  const file = temporaryFile(t, 'types.json', { types: [...table.types, odd, other] });
  const fixture = await discovering({
    settings: { id: 'north 2', prefix: 'a/b' },
    tables: loadTables(OPCODES_FILE, file),
  });
  await fixture.say('00 05 44 02 63 01 02 62 03');
  for (const topic of devices(fixture)) checkDevice(t, fixture, topic);
  const uniques = Object.values(entities(fixture, 'homeassistant/device/a_2fb-north_202-0x0005/config')).map(
    ({ unique_id }) => String(unique_id),
  );
  t.is(new Set(uniques).size, 6);
  for (const unique of uniques) t.regex(unique, /^[A-Za-z0-9_-]+$/);
});

for (const [type, name, unit, expected] of [
  ['Soil', 'moisture', '%', { unit_of_measurement: '%', device_class: 'moisture' }],
  ['Air', 'humidity', '%', { unit_of_measurement: '%', device_class: 'humidity' }],
  ['Battery', 'level', '%', { unit_of_measurement: '%', device_class: 'battery' }],
  ['Valve', 'open', '%', { unit_of_measurement: '%' }],
  ['Heading', 'heading', 'deg', { unit_of_measurement: '°' }],
  ['Soil', 'conductivity', 'uS/cm', { unit_of_measurement: '\u00b5S/cm', device_class: 'conductivity' }],
  ['Soil', 'conductivity', '\u03bcS/cm', { unit_of_measurement: '\u00b5S/cm', device_class: 'conductivity' }],
  ['Sequence', 'sequence', undefined, {}],
] as const) {
  test(`${type} ${name}${unit === undefined ? '' : ` in ${unit}`} is ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(sensorClasses({ type, name, unit }, undefined), { ...expected, state_class: 'measurement' });
  });
}

test('units that imply a class are units that Home Assistant has for it', (t) => {
  const units = [
    '°C',
    '°F',
    'K',
    'V',
    'mV',
    'A',
    'mA',
    'W',
    'kW',
    'Hz',
    'kHz',
    'Pa',
    'hPa',
    'kPa',
    'bar',
    'mbar',
  ];
  for (const unit of [...units, 'lx', 'W/m²', 'uS/cm', 'dBm', 'm/s', 'km/h', 'ms', 's', 'min', 'h']) {
    const keys = sensorClasses({ type: 'T', name: 'n', unit }, undefined);
    t.true(unitsOfClass[String(keys.device_class)]?.includes(String(keys.unit_of_measurement)), unit);
  }
});

test('data-types.json overrides what the unit implies', (t) => {
  const field = {
    name: 'rain',
    type: 'u8',
    unit: 'mm',
    deviceClass: 'precipitation',
    stateClass: 'total_increasing',
  };
  const file = temporaryFile(t, 'types.json', {
    types: [{ name: 'Rain', id: 9, length: 1, fields: [field] }],
  });
  const json = {
    name: 'Json',
    id: 8,
    maxLength: 9,
    encoding: 'json',
    fields: [{ name: 'x', deviceClass: 'ph' }],
  };
  const jsonFile = temporaryFile(t, 'json.json', { types: [json] });
  const opcodes = temporaryFile(t, 'opcodes.json', { messages: [], commands: [] });
  const rain = loadTables(opcodes, file).dataTypes.findByName('Rain');
  t.deepEqual(sensorClasses({ type: 'Rain', name: 'rain', unit: 'mm' }, rain), {
    unit_of_measurement: 'mm',
    device_class: 'precipitation',
    state_class: 'total_increasing',
  });
  const odd = loadTables(opcodes, jsonFile).dataTypes.findByName('Json');
  t.is(sensorClasses({ type: 'Json', name: 'x', unit: undefined }, odd).device_class, 'ph');
});
