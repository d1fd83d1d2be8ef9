/** How a connector or a device describes itself: the rest of the gateway knows it only by its manifest. */
import type * as z from 'zod';
import type { AlarmDefinitions } from './alarms.js';

/** A table of settings (`[hev]`), or a list of tables (`[[device]]`). */
export type SettingsSection = z.ZodObject | z.ZodArray<z.ZodType<object>>;

/** `Made`: the result of `create`; `Options`: its input besides the settings. */
export interface Manifest<Section extends SettingsSection, Options, Made> {
  /** Name of its folder, its settings section, its log lines and its counters. */
  readonly name: string;
  /** Schema of its settings section, in the units that people use. A list can be set in the file only. */
  readonly settings: Section;
  /**
   * Loads its code only if the settings enable it; resolves with undefined otherwise. Rejects with `BAD_CONFIG` for
   * settings that cannot work.
   */
  create(settings: z.output<Section>, options: Options): Promise<Made | undefined>;
  /** Its alarm codes, in addition to the hub's. */
  readonly alarms?: AlarmDefinitions;
  /** Metric names of its counters; other counters are named after their path. */
  readonly metrics?: readonly CounterMetric[];
}

/** A counter, or several of one kind, as a metric. */
export interface CounterMetric {
  /** Path in the counters, separated by dots; one `*`: every name at that level, which becomes the label. */
  readonly place: string;
  /** Without `meshgate_`; a counter if it ends in `_total`, otherwise a gauge. */
  readonly name: string;
  readonly help: string;
  /** Name of the label for `*`. */
  readonly label?: string;
}
