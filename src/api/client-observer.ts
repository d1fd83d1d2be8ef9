/**
 * Receives the requests of one client and the replies, as sent on the wire: bytes of the classic dialect, JSON texts of a
 * session. Pushed messages and events are not included.
 */
export interface ClientObserver {
  asked(what: Buffer | string): void;
  answered(what: Buffer | string): void;
  /** The connection has ended. */
  ended(reason: string): void;
}

/** Opens an observer of a client; `client`: its name in the log. */
export type OpenObserver = (client: string) => ClientObserver;
