import type { Distribution } from '../../../base/histogram.js';

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Names of its labels. */
  readonly labels: readonly string[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A counter or a gauge as it is now. */
export interface SampledMetric extends MetricDefinition {
  readonly samples: readonly Sample[];
}

/** A histogram as it is now; what it measured is in ms. */
export interface HistogramMetric extends MetricDefinition {
  readonly distribution: Distribution;
}
