/**
 * Why a link is down. Each reason has a text for people, a counter, and a line in docs/operations.md.
 */
export const LINK_DOWN_REASONS = {
  noDevice: 'no serial device found',
  severalDevices: 'several serial devices could be the root',
  noPermission: 'no permission to open the serial device',
  heldByAnother: 'another program is using the serial device',
  refused: 'the connection was refused: nothing is listening there',
  unreachable: 'the host cannot be reached',
  hostNotFound: 'the host name cannot be resolved',
  openFailed: 'the device could not be opened',
  openTimeout: 'connecting to the device timed out',
  hungUp: 'the serial device was disconnected',
  closedByPeer: 'the device closed the connection',
  connectionLost: 'the connection to the device was lost',
  writeFailed: 'writing to the device failed',
  writeTimeout: 'writing to the device timed out',
  silent: 'the device was silent for too long',
  reopened: 'the gateway reopened the link because nothing was received',
  released: 'the port is released to another program',
  recordingOver: 'the recording has ended',
  stopped: 'the gateway was stopped',
} as const;

export type LinkDownReason = keyof typeof LINK_DOWN_REASONS;

/** How a link notifies its owner. Nothing is called after `onClosed`. */
export interface LinkHandlers {
  /** Bytes from the device, in chunks of any size; the chunk is valid only until the call returns. */
  onBytes(chunk: Buffer): void;
  /** The link was lost. `detail`: the system's own text, for the log. */
  onClosed(reason: LinkDownReason, detail: string): void;
}

/** True is asserted. */
export interface ModemLines {
  readonly dtr: boolean;
  readonly rts: boolean;
}

/** Bytes to and from a device: a serial port, a TCP peer, a virtual mesh, a recording. */
export interface Link {
  /** For people: `/dev/ttyUSB0`, `tcp:psu.local:5025`, `virtual mesh of 12 nodes`. */
  readonly name: string;
  /** Identity of the device, if known without communicating with it: `usb:10c4:ea60:0001`. */
  readonly identity?: string | undefined;
  /** Writes all bytes in one piece; resolves when the other side has accepted them. */
  write(bytes: Buffer): Promise<void>;
  /** Sets both modem lines; rejects if there are none. */
  setLines?(lines: ModemLines): Promise<void>;
  /** Closes the link and frees its resources. Safe at any time, any number of times; `onClosed` is not called. */
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
