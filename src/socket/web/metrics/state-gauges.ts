/** The current state of the gateway as gauges: what the counters do not cover. */

import { describeHealth } from '../../../api/describe.js';
import type { GatewayFacts } from '../../../api/method.js';
import { healthShape, linkShape, nodeStatusShape } from '../../../api/shapes.js';
import type { Hub } from '../../../hub/hub.js';
import type { MetricDefinition, Sample, SampledMetric } from './metric.js';

interface Source {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
}

interface StateGauge {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (source: Source) => readonly Sample[];
}

const GAUGES: readonly StateGauge[] = [
  {
    name: 'meshgate_build_info',
    help: 'Always 1; the labels give the versions of the gateway and Node',
    labels: ['version', 'node'],
    read: ({ gateway: { version } }) => one(1, { version, node: process.versions.node }),
  },
  {
    name: 'meshgate_ready',
    help: '1 if ready, as reported by /readyz',
    labels: [],
    read: ({ hub }) => one(hub.health().ready === undefined ? 1 : 0),
  },
  {
    name: 'meshgate_health',
    help: '1 for the current health level: healthy, degraded or unhealthy',
    labels: ['level'],
    read: ({ hub }) => {
      const { level } = describeHealth(hub.health());
      return each('level', healthShape.shape.level.options, (name) => (name === level ? 1 : 0));
    },
  },
  {
    name: 'meshgate_link_state',
    help: '1 for the current link state',
    labels: ['state'],
    read: ({ hub }) => {
      const { state } = hub.picture.link();
      return each('state', linkShape.shape.state.options, (name) => (name === state ? 1 : 0));
    },
  },
  {
    name: 'meshgate_root_silent_seconds',
    help: 'Time since the root was last heard; +Inf before the first time',
    labels: [],
    read: ({ hub }) => one(hub.picture.root().silentMs / 1000),
  },
  {
    name: 'meshgate_nodes',
    help: 'Nodes by status',
    labels: ['status'],
    read: ({ hub }) => {
      const counts = countBy(hub.picture.nodes().map(({ status }) => status));
      return each('status', nodeStatusShape.options, (status) => counts.get(status) ?? 0);
    },
  },
  {
    name: 'meshgate_devices',
    help: 'Devices of sources other than the mesh, by status',
    labels: ['status'],
    read: ({ hub }) => {
      const counts = countBy(hub.picture.devices().map(({ status }) => status));
      return each('status', nodeStatusShape.options, (status) => counts.get(status) ?? 0);
    },
  },
  {
    name: 'meshgate_device_link_up',
    help: '1 while the link of the device is up',
    labels: ['device', 'source'],
    read: ({ hub }) =>
      hub.picture.devices().map(({ id, source, status }) => ({
        labels: { device: id, source },
        value: status === 'unknown' ? 0 : 1,
      })),
  },
  {
    name: 'meshgate_device_last_heard_seconds',
    help: 'When the device last reported, in seconds since the epoch; none before the first time',
    labels: ['device', 'source'],
    read: ({ hub }) =>
      hub.picture
        .devices()
        .flatMap(({ id, source, lastHeardAt }) =>
          lastHeardAt === undefined ? [] : [{ labels: { device: id, source }, value: lastHeardAt / 1000 }],
        ),
  },
  {
    name: 'meshgate_alarms_active',
    help: 'Active alarms',
    labels: ['code'],
    read: ({ hub }) => {
      const active = hub.alarms.open().filter((alarm) => alarm.active);
      const counts = countBy(active.map(({ code }) => code));
      return each('code', Object.keys(hub.alarms.definitions), (code) => counts.get(code) ?? 0);
    },
  },
];

export const stateGauges: readonly MetricDefinition[] = GAUGES.map(({ name, help, labels }) => ({
  name,
  help,
  labels,
  type: 'gauge',
}));

export function readStateGauges(source: Source): SampledMetric[] {
  return GAUGES.map(({ read, ...gauge }) => ({ ...gauge, type: 'gauge', samples: read(source) }));
}

function one(value: number, labels: Sample['labels'] = {}): Sample[] {
  return [{ labels, value }];
}

/** A sample for each name of a closed list, zeros included, so that queries always find all of them. */
function each<Name extends string>(
  label: string,
  names: readonly Name[],
  countOf: (name: Name) => number,
): Sample[] {
  return names.map((name) => ({ labels: { [label]: name }, value: countOf(name) }));
}

function countBy<Name extends string>(names: readonly Name[]): Map<Name, number> {
  const counts = new Map<Name, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
