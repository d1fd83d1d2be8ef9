/** What joins the gateway to another system that a site runs: docs/connectors.md shows how to write one. */

import type * as z from 'zod';
import type { GatewayFacts } from '../api/method.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Hub } from '../hub/hub.js';
import type { Manifest } from '../hub/manifest.js';

/** All that a connector is given, besides its own settings. */
export interface ConnectorOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** The directory of what outlives the process; undefined where nothing does. */
  readonly stateDirectory: string | undefined;
}

export interface Connector {
  /** Begins, and does not wait: whatever can't be had now is tried again later. */
  start(): void;
  /** Ends, from any state, within 2 s. */
  stop(): Promise<void>;
  /** What it counts, and how it is: shown beside the gateway's other counters. */
  counters(): Readonly<Record<string, unknown>>;
}

export type ConnectorManifest<Section extends z.ZodObject = z.ZodObject> = Manifest<
  Section,
  ConnectorOptions,
  Connector
>;

/** The manifest as it is; makes sure that `create` takes what `settings` gives. */
export function defineConnector<Section extends z.ZodObject>(
  manifest: ConnectorManifest<Section>,
): ConnectorManifest<Section> {
  return manifest;
}
