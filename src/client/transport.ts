/** Called in the order in which things arrive. */
export interface ChannelHandlers {
  /** One JSON text from the gateway. */
  onLine(line: string): void;
  /** Called once, when either side has closed the channel. */
  onClosed(): void;
}

/** A bidirectional channel for the JSON texts of a session, which preserves their boundaries. */
export interface Channel {
  /** Sends one JSON text without line ends. */
  write(line: string): void;
  close(): void;
}

/** A way to reach a gateway. */
export interface Transport {
  /** For people: the path of the socket, or the gateway and its broker. */
  readonly name: string;
  /** Rejects with a `ClientError`: `NOT_RUNNING` or `NO_PERMISSION`. */
  open(handlers: ChannelHandlers): Promise<Channel>;
}
