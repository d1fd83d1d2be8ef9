/** What the folder of a connector, or of a device, says about itself: all that the rest of the gateway knows of it. */
import type * as z from 'zod';
import type { AlarmDefinitions } from './alarms.js';

/** `Made`: what `create` gives; `Options`: what it is given besides its settings. */
export interface Manifest<Section extends z.ZodObject, Options, Made> {
  /** Of its folder, its section in the settings, its lines in the log, and its counters. */
  readonly name: string;
  /** Its section in the settings, checked; in the units in which people give them. */
  readonly settings: Section;
  /**
   * Loads what it needs only where the settings want it; undefined where they do not. Rejects with `BAD_CONFIG` for
   * settings that can not work.
   */
  create(settings: z.output<Section>, options: Options): Promise<Made | undefined>;
  /** Codes that it raises, besides those of the hub. */
  readonly alarms?: AlarmDefinitions;
  /** What its counters are called as metrics; others are named after their place. */
  readonly metrics?: readonly CounterMetric[];
}

/** A counter, or several of one kind, as a metric. */
export interface CounterMetric {
  /** Where it stands in the counters: names with dots between; `*`: every name there, which becomes the label. */
  readonly place: string;
  /** Without `meshgate_`; one that ends in `_total` counts up, the others go up and down. */
  readonly name: string;
  readonly help: string;
  /** What the name at `*` is called. */
  readonly label?: string;
}
