/** Everything that joins the gateway by a manifest, and what the manifests bring for its rooms. */
import type { ExtraSections } from '../config/schema.js';
import { CONNECTORS } from '../connectors/load.js';
import type { AlarmDefinitions } from '../hub/alarms.js';
import type { CounterMetric } from '../hub/manifest.js';

const MANIFESTS = CONNECTORS;

/** Sections of the settings, by name. */
export const manifestSections: ExtraSections = Object.fromEntries(
  MANIFESTS.map(({ name, settings }) => [name, settings]),
);

/** Alarm codes besides those of the hub. */
export const manifestAlarms: AlarmDefinitions = Object.assign({}, ...MANIFESTS.map(({ alarms }) => alarms));

/** Names of counters, which stand below `clients.<name>`. */
export const manifestMetrics: readonly CounterMetric[] = MANIFESTS.flatMap(({ name, metrics = [] }) =>
  metrics.map((metric) => ({ ...metric, place: `clients.${name}.${metric.place}` })),
);
