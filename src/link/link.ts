/**
 * Why a link is not there. Each has a text for people, a counter, and a line in docs/operations.md.
 */
export const LINK_DOWN_REASONS = {
  noDevice: 'no serial device is there',
  severalDevices: 'several serial devices could be the root',
  noPermission: 'this user may not open the serial device',
  heldByAnother: 'another program holds the serial device',
  openFailed: 'the serial device could not be opened',
  openTimeout: 'the serial device took too long to open',
  hungUp: 'the serial device went away',
  writeFailed: 'writing to the serial device failed',
  writeTimeout: 'the serial device took too long to accept data',
  reopened: 'the gateway closed and opened it, since the root was silent',
  released: 'it is handed to another program for a while',
  recordingOver: 'the recording is over',
  stopped: 'the gateway was stopped',
} as const;

export type LinkDownReason = keyof typeof LINK_DOWN_REASONS;

/** What a link tells its owner. After `onClosed` it says nothing more. */
export interface LinkHandlers {
  /** Bytes from the root, as they come; the chunk is the receiver's to keep only until it returns. */
  onBytes(chunk: Buffer): void;
  /** The link has ended by itself. `detail` is the system's own text, for the log. */
  onClosed(reason: LinkDownReason, detail: string): void;
}

/** True is asserted. */
export interface ModemLines {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** Bytes to and from a root: a serial port, a virtual mesh, a recording. */
export interface Link {
  /** What a person calls it: `/dev/ttyUSB0`, `virtual mesh of 12 nodes`. */
  readonly name: string;
  /** Which board it is, where that can be told without asking it: `usb:10c4:ea60:0001`. */
  readonly identity?: string | undefined;
  /** Hands bytes over in one piece; resolves when the other side has taken them, rejects when it can't. */
  write(bytes: Buffer): Promise<void>;
  /** Sets both modem lines; rejects where there are none. */
  setLines?(lines: ModemLines): Promise<void>;
  /** Ends the link and frees what it holds. Safe at any time, any number of times; `onClosed` is not called. */
  close(): Promise<void>;
}

/** Opens a link, or rejects with a `LinkError`. */
export type OpenLink = (handlers: LinkHandlers) => Promise<Link>;

/** Why a link could not be opened. */
export class LinkError extends Error {
  constructor(
    readonly reason: LinkDownReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'LinkError';
  }
}
