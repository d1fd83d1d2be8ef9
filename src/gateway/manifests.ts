/** All manifests, and their contributions to the gateway's rooms. */
import type { ExtraSections } from '../config/schema.js';
import { CONNECTORS } from '../connectors/load.js';
import type { AlarmDefinitions } from '../hub/alarms.js';
import type { CounterMetric } from '../hub/manifest.js';

const MANIFESTS = CONNECTORS;

/** Settings sections, by name. */
export const manifestSections: ExtraSections = Object.fromEntries(
  MANIFESTS.map(({ name, settings }) => [name, settings]),
);

/** Alarm codes in addition to the hub's. */
export const manifestAlarms: AlarmDefinitions = Object.assign({}, ...MANIFESTS.map(({ alarms }) => alarms));

/** Metric names of counters, which are under `clients.<name>`. */
export const manifestMetrics: readonly CounterMetric[] = MANIFESTS.flatMap(({ name, metrics = [] }) =>
  metrics.map((metric) => ({ ...metric, place: `clients.${name}.${metric.place}` })),
);
