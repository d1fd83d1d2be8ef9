/** Websockets of connectors on the gateway's own web server, with its access control. */

import type { ClientInfo } from '../../api/shapes.js';
import type { Clock } from '../../base/clock.js';
import type { FaceClient, OpenedWebsocket } from './http-face.js';
import type { AccessSettings } from './web-access.js';
import type { WebEndReason } from './web-end-reasons.js';

/** A client of the web server, whatever it speaks. */
export interface WebMember extends FaceClient {
  readonly hasSession: boolean;
  describe(): ClientInfo;
  /** Closes it after a change of access settings; it may reconnect under the new ones. */
  dismiss(): void;
  stop(): void;
  /** Ends it immediately and drops unsent output. */
  cut(): void;
}

export interface OpenedChannel extends OpenedWebsocket {
  readonly name: string;
  readonly clock: Clock;
  readonly access: AccessSettings;
  /** The client has authenticated: false if there are too many clients. */
  readonly admit: (client: WebMember) => boolean;
  readonly onEnd: (client: WebMember, reason: WebEndReason) => void;
}

export type OpenChannel = (opened: OpenedChannel) => WebMember;

export class WebChannels {
  readonly #byPath = new Map<string, OpenChannel>();

  /** Returns a function that removes the channel; its clients stay connected. */
  add(path: string, open: OpenChannel): () => void {
    this.#byPath.set(path, open);
    return () => this.#byPath.delete(path);
  }

  find(path: string): OpenChannel | undefined {
    return this.#byPath.get(path);
  }
}
