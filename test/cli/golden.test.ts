import test from 'ava';
import { formatAlarms } from '../../src/cli/commands/alarms.js';
import { formatClients } from '../../src/cli/commands/clients.js';
import { formatCommand } from '../../src/cli/commands/command/format-command.js';
import { formatDevice } from '../../src/cli/commands/device/format-device.js';
import { formatDevices } from '../../src/cli/commands/devices.js';
import { formatFindings } from '../../src/cli/commands/doctor/format-findings.js';
import { formatValues } from '../../src/cli/commands/get/get.js';
import { formatBuckets, type NodeBucket } from '../../src/cli/commands/get/get-buckets.js';
import { findingsOf } from '../../src/cli/commands/health.js';
import { formatItem } from '../../src/cli/commands/inspect/inspect-lines.js';
import { formatStats, StatsCounter } from '../../src/cli/commands/inspect/inspect-stats.js';
import { inspectAll } from '../../src/cli/commands/inspect/run-inspect.js';
import { formatNode } from '../../src/cli/commands/node.js';
import { formatNodes } from '../../src/cli/commands/nodes.js';
import { formatPaths } from '../../src/cli/commands/paths.js';
import {
  formatPing,
  formatPingSummary,
  type Ping,
  summarise,
} from '../../src/cli/commands/ping/ping-summary.js';
import { formatPorts } from '../../src/cli/commands/ports/ports-table.js';
import { formatDelivery } from '../../src/cli/commands/send.js';
import { formatStatus } from '../../src/cli/commands/status.js';
import { renderTop } from '../../src/cli/commands/top/top-view.js';
import { ValueJoiner } from '../../src/cli/commands/watch/value-joiner.js';
import { formatDeliveryStage, formatEvent } from '../../src/cli/text/event-line.js';
import {
  ALARMS,
  CLIENTS,
  COMMAND_STAGES,
  DELIVERY,
  DEVICES,
  EVENTS,
  NODES,
  SICK,
  STAGE,
  STATUS,
  VALUES,
} from '../support/cli-samples.js';
import { matchesGolden, NOW } from '../support/golden.js';
import { INSPECT_SETTINGS, sampleRecording } from '../support/sample-recording.js';

process.env.TZ = 'UTC';

test('status', (t) => {
  matchesGolden(t, 'status', (view) => formatStatus(STATUS, '/run/meshgate/meshgate.sock', view), STATUS);
});

test('status of a gateway whose clients read too slowly', (t) => {
  const status = { ...STATUS, clients: { ...STATUS.clients, dropped: 12, coalesced: 3456 } };
  matchesGolden(t, 'status-slow', (view) => formatStatus(status, '/run/meshgate/meshgate.sock', view));
});

test('clients', (t) => {
  matchesGolden(t, 'clients', (view) => formatClients(CLIENTS, view), { clients: CLIENTS });
});

test('health', (t) => {
  const socket = '/run/meshgate/meshgate.sock';
  matchesGolden(t, 'health', (view) => formatFindings(findingsOf(SICK, socket), view), SICK);
});

test('nodes', (t) => {
  matchesGolden(t, 'nodes', (view) => formatNodes(NODES, view), { nodes: NODES });
});

test('no nodes', (t) => {
  matchesGolden(t, 'no-nodes', (view) => formatNodes([], view) + formatNodes([], view, 'idle'), {
    nodes: [],
  });
});

test('node', (t) => {
  const [node] = NODES;
  if (node) matchesGolden(t, 'node', (view) => formatNode(node, view), node);
});

test('get', (t) => {
  matchesGolden(t, 'get', (view) => formatValues(VALUES, view), { values: VALUES });
});

test('send', (t) => {
  const written = { ...DELIVERY, to: null, stage: 'written' as const, answer: null, roundTripMs: null };
  matchesGolden(
    t,
    'send',
    (view) => formatDelivery(DELIVERY, view) + formatDelivery(written, view),
    DELIVERY,
  );
});

test('alarms', (t) => {
  matchesGolden(t, 'alarms', (view) => formatAlarms(ALARMS, view), { alarms: ALARMS });
});

test('paths', (t) => {
  const paths = [{ origin: 5, target: 1 }];
  matchesGolden(t, 'paths', (view) => formatPaths(paths, view), { fresh: true, paths });
});

test('ping', (t) => {
  const ping = (node: number, number: number, roundTripMs: number | null): Ping => ({
    node,
    name: `Node-${node}`,
    number,
    answered: roundTripMs !== null,
    roundTripMs,
    delivery: `abc-${number}`,
  });
  const pings = [ping(6, 1, 812.4), ping(5, 1, 1020.6), ping(6, 2, null), ping(5, 2, 1100), ping(7, 1, null)];
  matchesGolden(
    t,
    'ping',
    (view) =>
      pings.map((ping) => formatPing(ping, undefined)).join('') + formatPingSummary(summarise(pings), view),
    { pings, nodes: summarise(pings) },
  );
});

test('watch', (t) => {
  const joined = () => {
    const joiner = new ValueJoiner();
    return EVENTS.flatMap((event) => joiner.take(event));
  };
  matchesGolden(t, 'watch', (view) =>
    joined()
      .map((event) => `${formatEvent(event, view)}\n`)
      .join(''),
  );
});

test('devices', (t) => {
  matchesGolden(t, 'devices', (view) => formatDevices(DEVICES, view), { devices: DEVICES });
});

test('device', (t) => {
  const bare = { ...STAGE, description: null, values: [], images: [], commands: [], alarms: [] };
  const down = { ...bare, link: { ...STAGE.link, since: 0 }, lastHeardAt: null };
  matchesGolden(t, 'device', (view) => `${formatDevice(STAGE, view)}\n${formatDevice(down, view)}`, STAGE);
});

test('command', (t) => {
  matchesGolden(
    t,
    'command',
    (view) =>
      COMMAND_STAGES.map((stage) => `${formatDeliveryStage(stage, view)}\n`).join('') +
      COMMAND_STAGES.map((stage) => formatCommand(stage, true, view)).join(''),
    COMMAND_STAGES,
  );
});

test('inspect', (t) => {
  const recording = sampleRecording();
  matchesGolden(t, 'inspect', (view) =>
    [...inspectAll(recording, INSPECT_SETTINGS)].map((item) => `${formatItem(item, view)}\n`).join(''),
  );
});

test('inspect, statistics', (t) => {
  const recording = sampleRecording();
  const counter = new StatsCounter();
  for (const item of inspectAll(recording, INSPECT_SETTINGS)) counter.add(item);
  const stats = counter.stats(recording.head, recording.damage);
  matchesGolden(t, 'inspect-stats', (view) => formatStats(stats, view), stats);
});

test('top shows devices below the nodes', (t) => {
  const status = { ...STATUS, devices: { ...STATUS.devices, total: 2 } };
  const picture = { status, nodes: NODES, devices: DEVICES, rates: new Map(), recent: [], isConnected: true };
  matchesGolden(t, 'top-devices', (view) => `${renderTop({ ...picture, scroll: 0 }, view, 20).join('\n')}\n`);
});

test('top fills its rows and no more', (t) => {
  const joiner = new ValueJoiner();
  const picture = {
    status: STATUS,
    nodes: NODES,
    devices: [],
    rates: new Map([
      [0, 0.1],
      [5, 1.2],
    ]),
    recent: EVENTS.flatMap((event) => joiner.take(event)),
    isConnected: true,
    scroll: 0,
  };
  matchesGolden(t, 'top', (view) => `${renderTop(picture, view, 20).join('\n')}\n`);
  const view = { terminal: { isTTY: true, columns: 80, colour: false }, now: NOW };
  for (const rows of [1, 2, 5, 10, 24, 100]) t.true(renderTop(picture, view, rows).length <= rows);
});

test('doctor', (t) => {
  const findings = [
    { check: 'serial port', verdict: 'fine', text: '/dev/ttyUSB0: CP210x bridge (10C4:EA60)' },
    {
      check: 'port permission',
      verdict: 'problem',
      text: 'this user is not allowed to open /dev/ttyUSB0',
      advice:
        '/dev/ttyUSB0 requires the group dialout: sudo usermod -aG dialout pia, then log out and in again',
    },
    { check: 'root', verdict: 'skipped', text: 'not checked: there is no link' },
  ] as const;
  matchesGolden(t, 'doctor', (view) => formatFindings(findings, view), { isWell: false, findings });
});

test('ports', (t) => {
  const ports = [
    { path: '/dev/ttyS0' },
    {
      path: '/dev/ttyUSB0',
      vendorId: '10c4',
      productId: 'ea60',
      serialNumber: '0001',
      byId: '/dev/serial/by-id/usb-Silicon_Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0',
      knownAs: 'CP210x bridge',
    },
  ];
  matchesGolden(t, 'ports', (view) => formatPorts(ports, view.terminal), { ports });
});

test('get --bucket', (t) => {
  const summary = (last: number) => ({ min: last - 1.25, max: last + 1, mean: last / 3, last });
  const bucket = (node: number, at: number, fields: NodeBucket['fields']): NodeBucket => ({
    node,
    at,
    count: 3600,
    fields,
  });
  const buckets = [
    bucket(5, NOW - 90_000_000, { temperature: summary(12.5), level: summary(3) }),
    bucket(5, NOW - 3_600_000, { temperature: summary(-0.25) }),
    bucket(6, NOW - 3_600_000, {}),
  ];
  const units = new Map([['temperature', '°C']]);
  matchesGolden(
    t,
    'get-bucket',
    (view) => formatBuckets(buckets, units, view) + formatBuckets([], units, view),
    {
      bucketMs: 3_600_000,
      buckets,
    },
  );
});
