/** Bytes of one request or message, on whatever transport. */
export const MAX_REQUEST_LENGTH = 1_048_576;

/**
 * Why a request of a session was refused. `code` is stable: it is sent as `error.data.code` and documented in
 * docs/protocol.md. `rpc` is the JSON-RPC error number; `text` says what is wrong and what to do.
 */
export const SESSION_ERRORS = {
  PARSE_ERROR: { rpc: -32700, text: 'not valid JSON; send one JSON-RPC 2.0 message per line' },
  INVALID_REQUEST: { rpc: -32600, text: 'not a JSON-RPC 2.0 request; it needs jsonrpc "2.0" and a method' },
  UNKNOWN_METHOD: { rpc: -32601, text: 'unknown method; rpc.discover lists the methods' },
  BAD_PARAMS: { rpc: -32602, text: 'invalid parameters; check the description of the method' },
  INTERNAL: {
    rpc: -32603,
    text: 'internal error in the gateway; please report it with the details in its log',
  },
  LINE_TOO_LONG: { rpc: -32000, text: 'line longer than 1 MiB; the connection is closed' },
  TOO_MANY_REQUESTS: { rpc: -32001, text: 'too many unanswered requests; wait for replies' },
  TOO_MANY_SUBSCRIPTIONS: { rpc: -32002, text: 'too many subscriptions in this session; end one first' },
  UNAUTHORIZED: {
    rpc: -32003,
    text: 'authentication required: send a token in the Authorization header or in the first message',
  },
  FORBIDDEN: {
    rpc: -32004,
    text: 'not permitted for the role of this session; use a socket or a token with more rights',
  },
  TOO_MANY_CLIENTS: { rpc: -32005, text: 'too many clients connected; try again later' },
  NODE_NOT_FOUND: { rpc: -32010, text: 'no node with this address or name; check the list of nodes' },
  TYPE_NOT_FOUND: { rpc: -32011, text: 'no data type with this name or id; check data-types.json' },
  OPCODE_NOT_FOUND: { rpc: -32012, text: 'no message with this name or opcode; check opcodes.json' },
  DELIVERY_NOT_FOUND: { rpc: -32013, text: 'no delivery with this id; only the last 1,000 are kept' },
  ALARM_NOT_FOUND: { rpc: -32014, text: 'no open alarm with this id; check the list of alarms' },
  SUBSCRIPTION_NOT_FOUND: { rpc: -32015, text: 'no subscription with this id in this session' },
  HISTORY_FAILED: { rpc: -32016, text: 'the history could not be read' },
  RECORDER_OFF: { rpc: -32017, text: 'the flight recorder is off; set recorder.bytes to turn it on' },
  COMMAND_NOT_FOUND: { rpc: -32018, text: 'no such command of this device; check the list of its commands' },
  NOT_ABORTABLE: { rpc: -32019, text: 'the command has ended, or the device cannot abort it' },
  LINK_DOWN: { rpc: -32020, text: 'no link to the root or the device; check the status of the link' },
  BUSY: { rpc: -32021, text: 'too many commands are queued; try again in a second' },
  MESSAGE_TOO_LONG: { rpc: -32022, text: 'message too long for an edge device; shorten it' },
  REJECTED_BY_DEVICE: { rpc: -32024, text: 'the device rejected the command or failed to complete it' },
  TIMED_OUT: { rpc: -32025, text: 'the device did not answer in time; check its state before trying again' },
  REJECTED_BY_ROOT: {
    rpc: -32023,
    text: 'the root could not send the message; check the address, and that the node is in its network',
  },
} as const;

export type SessionErrorCode = keyof typeof SESSION_ERRORS;

/** Why the gateway ends a session: sent in a `closing` notification first. */
export const CLOSING_REASONS = {
  SLOW_READER: 'the client read too slowly: over its limit of unread data for 10 s',
  LINE_TOO_LONG: 'the client sent a line longer than 1 MiB',
  TOO_MUCH_UNREAD:
    'more than 32 MiB unread by clients of this role; this one had read nothing for 1 s and had the most unread',
  TOO_MUCH_UNFINISHED:
    'more than 32 MiB of incomplete lines from clients of this role; this one had the most, for the longest',
  TOO_MANY_CLIENTS: 'too many clients connected',
  STOPPED: 'the gateway is stopping',
} as const;

export type ClosingReason = keyof typeof CLOSING_REASONS;

/** An error that is sent to the client; `detail`: what it is about. */
export class SessionError extends Error {
  constructor(
    readonly code: SessionErrorCode,
    readonly detail?: string,
  ) {
    super(detail === undefined ? SESSION_ERRORS[code].text : `${detail}: ${SESSION_ERRORS[code].text}`);
    this.name = 'SessionError';
  }
}
