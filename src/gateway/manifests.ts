/** All manifests, and their contributions to the gateway's rooms. */
import type { ExtraSections } from '../config/schema.js';
import { CONNECTORS } from '../connectors/load.js';
import { DEVICES } from '../devices/load.js';
import type { AlarmDefinitions } from '../hub/alarms.js';
import type { CounterMetric } from '../hub/manifest.js';

const MANIFESTS = [...CONNECTORS, ...DEVICES];

/** Settings sections, by name. */
export const manifestSections: ExtraSections = Object.fromEntries(
  MANIFESTS.map(({ name, settings }) => [name, settings]),
);

/** Alarm codes in addition to the hub's. */
export const manifestAlarms: AlarmDefinitions = Object.assign({}, ...MANIFESTS.map(({ alarms }) => alarms));

/** Metric names of counters: those of connectors are under `clients.<name>`, those of devices under `<name>`. */
export const manifestMetrics: readonly CounterMetric[] = [
  ...CONNECTORS.flatMap(({ name, metrics }) => below(`clients.${name}`, metrics)),
  ...DEVICES.flatMap(({ name, metrics }) => below(name, metrics)),
];

function below(place: string, metrics: readonly CounterMetric[] = []): CounterMetric[] {
  return metrics.map((metric) => ({ ...metric, place: `${place}.${metric.place}` }));
}
