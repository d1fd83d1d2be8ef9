/** What a channel tells its owner, in the order in which it came. */
export interface ChannelHandlers {
  /** One JSON text from the gateway. */
  onLine(line: string): void;
  /** Called once, when it is over, whoever ended it. */
  onClosed(): void;
}

/** A session's texts, both ways, each kept whole. */
export interface Channel {
  /** Sends one JSON text without line ends. */
  write(line: string): void;
  close(): void;
}

/** How a gateway is reached. */
export interface Transport {
  /** For people: the path of the socket, or which gateway of which broker. */
  readonly name: string;
  /** Rejects with a `ClientError`: `NOT_RUNNING` or `NO_PERMISSION`. */
  open(handlers: ChannelHandlers): Promise<Channel>;
}
