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

export interface MetricsText {
  readonly bytes: Buffer;
  readonly contentType: string;
}

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #latencies: Latencies;
  #exposition: Promise<Exposition> | undefined;
  #reading: Promise<MetricsText> | undefined;

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

  /** The text for Prometheus and its content type. Requests at the same time share one text: it takes some 10 ms. */
  read(): Promise<MetricsText> {
    this.#reading ??= this.#render().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #render(): Promise<MetricsText> {
    this.#exposition ??= import('./exposition.js').then((loaded) => new loaded.Exposition());
    const exposition = await this.#exposition;
    const { hub, gateway, counterMetrics } = this.#options;
    const counters = describeCounters(readCounters(hub, gateway), counterMetrics);
    const sampled = [...readStateGauges({ hub, gateway }), ...counters];
    const text = await exposition.render(sampled, this.#latencies.read());
    return { bytes: Buffer.from(text), contentType: exposition.contentType };
  }
}
