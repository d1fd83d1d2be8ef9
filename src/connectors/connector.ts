/** What joins the gateway to another system that a site runs: docs/connectors.md tells how to write one. */

import type { GatewayFacts } from '../api/method.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Hub } from '../hub/hub.js';

/** All that a connector is given, besides its own settings. */
export interface ConnectorParts {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Connector {
  /** Begins, and does not wait: whatever can't be had now is tried again later. */
  start(): void;
  /** Ends, from any state, within 2 s. */
  stop(): Promise<void>;
  /** What it counts, and how it is: shown beside the gateway's other counters. */
  counters(): Readonly<Record<string, unknown>>;
}
