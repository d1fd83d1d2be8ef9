/** A connector joins the gateway to another system: docs/connectors.md shows how to write one. */

import type { GatewayFacts } from '../api/method.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Hub } from '../hub/hub.js';
import type { Manifest, SettingsSection } from '../hub/manifest.js';
import type { OpenLink } from '../link/link.js';
import type { WebChannels } from '../socket/web/web-channels.js';

/** Everything that a connector gets besides its own settings. */
export interface ConnectorOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** For files that outlive the process; undefined when nothing is kept. */
  readonly stateDirectory: string | undefined;
  /** For websockets on the gateway's own web server; undefined if there is none. */
  readonly channels?: WebChannels | undefined;
  /** Keeps the bytes of a link in the flight recorder, under this name. */
  readonly record?: ((openLink: OpenLink, name: string) => OpenLink) | undefined;
}

export interface Connector {
  /** Returns at once; what is not available yet is retried later. */
  start(): void;
  /** Stops within 2 s, from any state. */
  stop(): Promise<void>;
  /** Its counters and state, shown with the gateway's other counters. */
  counters(): Readonly<Record<string, unknown>>;
}

export type ConnectorManifest<Section extends SettingsSection = SettingsSection> = Manifest<
  Section,
  ConnectorOptions,
  Connector
>;

/** Returns the manifest unchanged; checks at compile time that `create` accepts what `settings` yields. */
export function defineConnector<Section extends SettingsSection>(
  manifest: ConnectorManifest<Section>,
): ConnectorManifest<Section> {
  return manifest;
}
