/**
 * Gets what one client says and is answered, as it goes over the wire: bytes of the classic dialect, JSON texts of a
 * session; not what is pushed to clients, messages and events.
 */
export interface ClientObserver {
  asked(what: Buffer | string): void;
  answered(what: Buffer | string): void;
  /** Its connection is over. */
  ended(reason: string): void;
}

/** Opens an observer of a client; `client` is what the log calls it. */
export type OpenObserver = (client: string) => ClientObserver;
