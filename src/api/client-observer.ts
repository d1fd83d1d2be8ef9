/**
 * Is told what one client says and is answered, as it goes over the wire: bytes of the classic dialect, JSON texts of a
 * session. What is pushed to clients, messages and events, is not told.
 */
export interface ClientTap {
  asked(what: Buffer | string): void;
  answered(what: Buffer | string): void;
  /** Its connection is over. */
  ended(reason: string): void;
}

/** Opens a tap for a client; `client` is what the log calls it. */
export type OpenTap = (client: string) => ClientTap;
