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
  /** False: no device is loaded, whatever the settings; for replays, which must not touch hardware. Default: true. */
  readonly hasDevices?: boolean;
  /** Calls back when a serial device may have appeared; returns a function that stops watching. */
  readonly watchForDevices: (onChange: () => void) => () => void;
  /** Address of the dashboard; not served if undefined. */
  readonly web?: WebAddress | undefined;
  /** True: store the history in the state directory; otherwise in memory only. */
  readonly hasHistory?: boolean;
  readonly clock?: Clock;
  /** The clock for time-outs of clients: a replay has real clients, but a clock of its own. Default: `clock`. */
  readonly clientClock?: Clock;
  /** 0–1, for the jitter of pauses. */
  readonly random?: () => number;
  /** Destination of the log; default: standard error. */
  readonly writeLine?: WriteLine;
  /** The clients' socket, if systemd has opened it. */
  readonly passedSocket?: PassedSocket | undefined;
}
