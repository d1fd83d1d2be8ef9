/** All metrics of the gateway, for `/metrics`. */
import { readCounters } from '../../../api/counters.js';
import type { GatewayFacts } from '../../../api/method.js';
import type { CounterMetric } from '../../../hub/manifest.js';
import { describeCounters, namedCounters } from './counter-metrics.js';
import type { Exposition } from './exposition.js';
import { Latencies, type LatencyOptions, latencyHistograms } from './latencies.js';
import type { MetricDefinition } from './metric.js';
import { readStateGauges, stateGauges } from './state-gauges.js';

export interface MetricsOptions extends LatencyOptions {
  readonly gateway: GatewayFacts;
  /** Metric names for counters of connectors. */
  readonly counterMetrics?: readonly CounterMetric[];
}

/** All named metrics except Node's. */
export function metricDefinitions(extra: readonly CounterMetric[] = []): MetricDefinition[] {
  return [...stateGauges, ...latencyHistograms, ...namedCounters(extra)];
}

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #latencies: Latencies;
  #exposition: Promise<Exposition> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#latencies = new Latencies(options);
  }

  /** Starts measuring latencies. */
  start(): void {
    this.#latencies.start();
  }

  stop(): void {
    this.#latencies.stop();
  }

  /** The text for Prometheus and its content type. */
  async read(): Promise<{ readonly text: string; readonly contentType: string }> {
    this.#exposition ??= import('./exposition.js').then((loaded) => new loaded.Exposition());
    const exposition = await this.#exposition;
    const { hub, gateway, counterMetrics } = this.#options;
    const counters = describeCounters(readCounters(hub, gateway), counterMetrics);
    const sampled = [...readStateGauges({ hub, gateway }), ...counters];
    const text = await exposition.render(sampled, this.#latencies.read());
    return { text, contentType: exposition.contentType };
  }
}
