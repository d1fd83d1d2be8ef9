/** Metrics as text for Prometheus. Loaded when it is first asked for: prom-client takes some 40 ms to load. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { HistogramMetric, SampledMetric } from './metric.js';

/**
 * prom-client's own figures of the event loop are left out: each is too large by the pause between two looks, and ours
 * measure from the start. So that nothing wakes up for them, they are set to look once in 24 days.
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

  /** All of it, with what Node tells of its own process. */
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

/** A histogram of prom-client measures only what comes once it is loaded; ours have measured from the start. */
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
