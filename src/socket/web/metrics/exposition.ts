/** Metrics in the Prometheus text format. Loaded on first use: prom-client takes about 40 ms to load. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { HistogramMetric, SampledMetric } from './metric.js';

/**
 * prom-client's event loop metrics are left out: each is too large by its sampling interval, and our own measure from
 * the start. Their sampling interval is set to 24 days, so that they cause no wake-ups.
 */
const LEFT_OUT = /^nodejs_eventloop_/;
const NEVER_MS = 2 ** 31 - 1;
const MS_PER_SECOND = 1000;

export class Exposition {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #known = new Map<string, Counter | Gauge>();

  constructor() {
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const { name } of this.#registry.getMetricsAsArray()) {
      if (LEFT_OUT.test(name)) this.#registry.removeSingleMetric(name);
    }
  }

  /** All metrics, including Node's process metrics. */
  async render(sampled: readonly SampledMetric[], histograms: readonly HistogramMetric[]): Promise<string> {
    for (const metric of sampled) this.#set(metric);
    return [await this.#registry.metrics(), ...histograms.map(histogramText)].join('\n');
  }

  #set(metric: SampledMetric): void {
    const known = this.#known.get(metric.name) ?? this.#create(metric);
    known.reset();
    for (const { labels, value } of metric.samples) known.inc(labels, value);
  }

  #create({ name, help, labels, type }: SampledMetric): Counter | Gauge {
    const settings = { name, help, labelNames: labels, registers: [this.#registry] };
    const created = type === 'counter' ? new Counter(settings) : new Gauge(settings);
    this.#known.set(name, created);
    return created;
  }
}

/** Our own histograms: those of prom-client would measure only from when it is loaded. */
function histogramText({ name, help, distribution }: HistogramMetric): string {
  const { bounds, cumulative, count, sum } = distribution;
  const lines = [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...bounds.map((bound, index) => `${name}_bucket{le="${bound / MS_PER_SECOND}"} ${cumulative[index]}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum / MS_PER_SECOND}`,
    `${name}_count ${count}`,
  ];
  return `${lines.join('\n')}\n`;
}
