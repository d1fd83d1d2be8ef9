import type { Distribution } from '../../../base/histogram.js';

export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Label names. */
  readonly labels: readonly string[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A counter or gauge with its current samples. */
export interface SampledMetric extends MetricDefinition {
  readonly samples: readonly Sample[];
}

/** A histogram with its current distribution, in ms. */
export interface HistogramMetric extends MetricDefinition {
  readonly distribution: Distribution;
}
