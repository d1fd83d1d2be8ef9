import type { Clock } from '../base/clock.js';
import type { WriteLine } from '../base/log.js';
import type { Config } from '../config/schema.js';
import type { OpenLink } from '../link/link.js';
import type { Tables } from '../protocol/message.js';
import type { PassedSocket } from '../socket/client-socket.js';
import type { WebAddress } from './web-address.js';

export interface GatewayOptions {
  readonly config: Config;
  readonly tables: Tables;
  readonly openLink: OpenLink;
  /** Calls back when a serial device may have appeared; returns how to end that. */
  readonly watchForDevices: (onChange: () => void) => () => void;
  /** Where the monitor is served; nowhere unless given. */
  readonly web?: WebAddress | undefined;
  /** Keeps a history in the state directory; in memory only unless true. */
  readonly hasHistory?: boolean;
  readonly clock?: Clock;
  /** The clock by which clients are waited for, where it is not the same: that of the real ones. */
  readonly clientClock?: Clock;
  /** 0–1, for the jitter of pauses. */
  readonly random?: () => number;
  /** Where the log goes; standard error by default. */
  readonly writeLine?: WriteLine;
  /** The clients' socket, where somebody else has opened it. */
  readonly passedSocket?: PassedSocket | undefined;
}
