/** Samples of a gateway's replies, to test how the command line shows them. */

import type { DeviceWithAlarms } from '../../src/cli/commands/device/format-device.js';
import type {
  AgedValue,
  AlarmInfo,
  ClientInfo,
  DeliveryInfo,
  DeviceInfo,
  HealthInfo,
  MeshEvent,
  NodeInfo,
  StreamEvent,
} from '../../src/client/index.js';
import { NOW } from './golden.js';

type Fields = AgedValue['fields'];

function value(
  node: number,
  type: string,
  id: number,
  bytes: string,
  fields: Fields,
  ageMs: number,
): AgedValue {
  return { node, type, id, bytes, fields, receivedAt: NOW - ageMs, deviceTime: null, ageMs };
}

const degrees = (value: number) => ({ value, unit: 'deg' });

export const VALUES: readonly AgedValue[] = [
  value(5, 'GPS', 1, '651efe1bae00', { longitude: degrees(-123.27), latitude: degrees(44.571) }, 900),
  value(6, 'GPS', 1, '791efe22ae00', { longitude: degrees(-123.271), latitude: degrees(44.578) }, 61_000),
  {
    ...value(12, 'GPS', 1, '0', { longitude: degrees(-9), latitude: degrees(0) }, 90_061_000),
    deviceTime: NOW - 90_062_000,
  },
];

export const NODES: readonly NodeInfo[] = [
  {
    address: 5,
    name: 'pump',
    uuid: '32108583e87a341a38375f18b868c134',
    status: 'active',
    restored: false,
    lastHeardAt: NOW - 900,
    values: [
      value(5, 'Sequence', 0, '11', { sequence: { value: 17 } }, 900),
      value(5, 'GPS', 1, '651efe1bae00', { longitude: degrees(-123.27), latitude: degrees(44.571) }, 900),
      value(5, 'Battery', 16, '362e', { voltage: { value: 11.83, unit: 'V' } }, 125_000),
    ],
  },
  {
    address: 6,
    name: 'Node-6',
    uuid: null,
    status: 'idle',
    restored: false,
    lastHeardAt: NOW - 61_000,
    values: [],
  },
  {
    address: 12,
    name: 'evil\x07\x1b[31mname',
    uuid: null,
    status: 'disconnected',
    restored: false,
    lastHeardAt: NOW - 90_061_000,
    values: [
      { ...value(12, 'Report', 123, '7b7d', { note: { value: 'a\x1b]0;title\x07b\u009b2J' } }, 90_061_000) },
    ],
  },
  {
    address: 0x7fff,
    name: 'Node-32767',
    uuid: null,
    status: 'unheard',
    restored: false,
    lastHeardAt: null,
    values: [],
  },
];

export const LINK = {
  state: 'up',
  since: NOW - 3_725_000,
  port: '/dev/ttyUSB0',
  identity: null,
  reason: null,
  detail: null,
} as const;

export const STATUS = {
  version: '0.1.0',
  pid: 4711,
  startedAt: NOW - 3_726_000,
  uptimeMs: 3_726_000,
  port: 'auto',
  dashboard: 'http://127.0.0.1:7655/',
  link: LINK,
  root: { lastHeardAt: NOW - 1500, resets: 2 },
  nodes: { total: 4, byStatus: { unheard: 1, active: 1, idle: 1, disconnected: 1, unknown: 0 } },
  devices: { total: 0, byStatus: { unheard: 0, active: 0, idle: 0, disconnected: 0, unknown: 0 } },
  clients: {
    connected: 3,
    listening: 1,
    sessions: 2,
    queuedBytes: 0,
    sent: { messages: 1200, bytes: 345_678 },
    dropped: 0,
    coalesced: 0,
  },
  history: { file: '/var/lib/meshgate/history.db', fault: null, driver: 'node:sqlite', storedSeq: 1230 },
  openAlarms: 2,
  seq: 1234,
};

export const SICK: HealthInfo = {
  ready: false,
  healthy: false,
  level: 'unhealthy',
  checks: [
    { check: 'link', ok: true, level: 'healthy', reason: null, text: null },
    {
      check: 'root',
      ok: false,
      level: 'unhealthy',
      reason: 'rootSilent',
      text: 'nothing received from the root for longer than mesh.root_silent_after_s',
    },
    {
      check: 'alarms',
      ok: false,
      level: 'unhealthy',
      reason: 'highAlarm',
      text: 'an alarm of high priority is active',
    },
    {
      check: 'nodes',
      ok: true,
      level: 'degraded',
      reason: 'nodesDisconnected',
      text: 'nodes are disconnected',
    },
    { check: 'history', ok: true, level: 'healthy', reason: null, text: null },
  ],
};

export const CLIENTS: readonly ClientInfo[] = [
  {
    name: 'client 1',
    kind: 'listening',
    role: 'admin',
    connectedAt: NOW - 90_061_000,
    queuedBytes: 0,
    sent: { messages: 12_345, bytes: 1_234_567 },
    dropped: 0,
    coalesced: 0,
  },
  {
    name: 'client 27',
    kind: 'session',
    role: 'admin',
    connectedAt: NOW - 61_000,
    queuedBytes: 1_048_570,
    sent: { messages: 800, bytes: 2_000_000 },
    dropped: 17,
    coalesced: 420,
  },
  {
    name: 'web client 3',
    kind: 'webSession',
    role: 'read',
    connectedAt: NOW - 5000,
    queuedBytes: 0,
    sent: { messages: 4, bytes: 9000 },
    dropped: 0,
    coalesced: 0,
  },
  {
    name: 'web client 4',
    kind: 'new',
    role: null,
    connectedAt: NOW - 400,
    queuedBytes: 0,
    sent: { messages: 0, bytes: 129 },
    dropped: 0,
    coalesced: 0,
  },
];

export const ALARMS: readonly AlarmInfo[] = [
  {
    id: 'LINK_LOST',
    code: 'LINK_LOST',
    priority: 'high',
    node: null,
    text: 'no link to the root',
    firstAt: NOW - 90_000_000,
    lastAt: NOW - 90_000_000,
    count: 3,
    active: false,
    acknowledged: false,
    restored: false,
  },
  {
    id: 'NODE_DISCONNECTED:12',
    code: 'NODE_DISCONNECTED',
    priority: 'medium',
    node: 12,
    text: 'a node stopped responding',
    firstAt: NOW - 200_000,
    lastAt: NOW - 20_000,
    count: 2,
    active: true,
    acknowledged: true,
    restored: false,
  },
];

export const DELIVERY: DeliveryInfo = {
  id: 'abc-1',
  to: 5,
  message: '4568690a',
  stage: 'answered',
  stages: [
    { stage: 'queued', at: NOW - 1000 },
    { stage: 'written', at: NOW - 990 },
    { stage: 'answered', at: NOW - 100 },
  ],
  failure: null,
  answer: '68690a',
  roundTripMs: 889.6,
};

const message = (seq: number, from: number, name: string, body: string, more: object = {}): MeshEvent =>
  ({
    seq,
    at: NOW - 10_000 + seq,
    kind: 'message',
    message: { from, name, opcode: null, body, text: null, detail: null, toListeners: true, ...more },
  }) as MeshEvent;

const valueEvent = (seq: number, held: AgedValue): MeshEvent => {
  const { ageMs: _, ...value } = held;
  return { seq, at: NOW - 10_000 + seq, kind: 'value', value };
};

const base = (seq: number) => ({ seq, at: NOW - 10_000 + seq });

/** One of each kind, and messages with and without values; in the order in which a gateway would report them. */
export const EVENTS: readonly StreamEvent[] = [
  { ...base(1), kind: 'link', link: LINK },
  ...(NODES[0]?.values.slice(0, 2).map((held, index) => valueEvent(2 + index, held)) ?? []),
  message(4, 5, 'Data', '0005440200110165'),
  message(5, 5, 'Echo', '00054568656c6c6f'),
  message(6, 6, 'Unknown 0x99', '000699ff00'),
  message(7, 6, 'Malformed', '00064401', { detail: 'ends in the middle of a value, at byte 4' }),
  message(8, 0, 'NetInfo', '000001020005', { detail: '2 nodes' }),
  message(9, 0, 'Text', '00006f6b', { text: 'an \x1b[1mescaped\x1b[0m\r\nline' }),
  { ...base(10), kind: 'node', node: 6, change: 'added', status: null },
  { ...base(11), kind: 'node', node: 6, change: 'status', status: 'idle' },
  { ...base(12), kind: 'delivery', delivery: DELIVERY },
  {
    ...base(13),
    kind: 'delivery',
    delivery: {
      ...DELIVERY,
      to: null,
      stage: 'failed',
      failure: 'linkLost',
      answer: null,
      roundTripMs: null,
    },
  },
  ...ALARMS.map((alarm, index): StreamEvent => ({ ...base(14 + index), kind: 'alarm', alarm })),
  {
    ...base(16),
    kind: 'console',
    line: 'rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT), and a line that goes on',
  },
  { ...base(17), kind: 'traffic', client: 'client 3', what: 'sent', body: '53454e442d00056869', text: null },
  { ...base(18), kind: 'traffic', client: 'client 3', what: 'log', body: null, text: 'the field is mown' },
  { ...base(19), kind: 'paths', paths: [{ origin: 5, target: 1 }] },
  { ...base(20), kind: 'robots', robots: [{ id: 1, name: 'Mower', state: 'idle', node: '5' }] },
  { kind: 'gap', from: 21, to: 30, where: 'connection' },
  valueEvent(31, VALUES[1] as AgedValue),
  {
    kind: 'snapshot',
    snapshot: {
      seq: 31,
      link: LINK,
      root: STATUS.root,
      nodes: [...NODES],
      paths: [],
      robots: [],
      devices: [],
      alarms: [...ALARMS],
    },
  },
];

const STAGE_ADDRESS = 0x10400;

const stageValue: AgedValue = {
  ...value(STAGE_ADDRESS, 'StageState', 0x141, '01', { state: { value: 1, name: 'MOVING' } }, 900),
  device: 'stage',
};

const STAGE_ALARM: AlarmInfo = {
  id: 'DEVICE_ALARM:stage:LIMIT',
  code: 'DEVICE_ALARM',
  priority: 'low',
  node: STAGE_ADDRESS,
  source: 'motion',
  device: 'stage',
  deviceCode: 'LIMIT',
  text: 'near the end stop',
  firstAt: NOW - 61_000,
  lastAt: NOW - 61_000,
  count: 1,
  active: true,
  acknowledged: false,
  restored: false,
};

export const STAGE: DeviceWithAlarms = {
  id: 'stage',
  node: STAGE_ADDRESS,
  source: 'motion',
  status: 'active',
  restored: false,
  lastHeardAt: NOW - 900,
  values: [stageValue],
  description: 'Linear stage of the bench',
  link: { ...LINK, port: 'bench.local:5000' },
  images: [{ type: 'Camera', id: 0x140, mediaType: 'image/png', receivedAt: NOW - 61_000, bytes: 812_345 }],
  commands: [
    {
      name: 'move',
      summary: 'Move the stage',
      role: 'send',
      hazardous: true,
      abortable: true,
      arguments: [
        argument('position', 'number', { unit: 'mm', min: 0, max: 100, required: true }),
        argument('mode', 'choice', { choices: ['fast', 'slow'], default: 'slow' }),
        argument('note', 'text', { max: 5, summary: 'for the log of the controller' }),
        argument('brake', 'boolean', {}),
      ],
    },
    {
      name: 'home',
      summary: 'Find the origin',
      role: 'admin',
      hazardous: false,
      abortable: false,
      arguments: [],
    },
  ],
  alarms: [STAGE_ALARM],
};

type ArgumentInfo = DeviceWithAlarms['commands'][number]['arguments'][number];

function argument(name: string, type: ArgumentInfo['type'], more: Partial<ArgumentInfo>): ArgumentInfo {
  const nothing = { summary: null, unit: null, min: null, max: null, choices: null, default: null };
  return { name, type, ...nothing, required: false, ...more };
}

export const DEVICES: readonly DeviceInfo[] = [
  STAGE,
  { ...STAGE, id: 'hv:1', node: 0x10200, source: 'bench', status: 'unheard', lastHeardAt: null, values: [] },
];

/** A command, stage by stage. */
export const COMMAND: DeliveryInfo = {
  ...DELIVERY,
  id: 'abc-7',
  to: STAGE_ADDRESS,
  message: '',
  device: 'stage',
  command: { name: 'move', arguments: { position: 12, mode: 'slow' } },
  stage: 'queued',
  stages: [{ stage: 'queued', at: NOW - 900 }],
  answer: null,
  roundTripMs: null,
};

const at = (stage: DeliveryInfo['stage'], ms: number): Pick<DeliveryInfo, 'stage' | 'stages'> => ({
  stage,
  stages: [...COMMAND.stages, { stage, at: NOW - ms }],
});

export const COMMAND_STAGES: readonly DeliveryInfo[] = [
  COMMAND,
  { ...COMMAND, ...at('accepted', 800) },
  { ...COMMAND, ...at('progress', 700), progress: { fraction: 0.45, text: 'at 5.4 mm\x1b[31m' } },
  { ...COMMAND, ...at('completed', 600), result: { position: 12 } },
  {
    ...COMMAND,
    ...at('failed', 600),
    failure: 'rejectedByDevice',
    detail: 'the device rejected the command: beyond the end stop',
  },
  { ...COMMAND, ...at('aborted', 600), detail: 'the device did not confirm that it has stopped' },
];
