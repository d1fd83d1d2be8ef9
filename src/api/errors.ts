/** Bytes of one request or message, on whatever transport. */
export const MAX_REQUEST_LENGTH = 1_048_576;

/**
 * Why a request of a session was refused. `code` is interface: it stands in `error.data.code`, and each has a line in
 * docs/protocol.md. `rpc` is the number that JSON-RPC wants; `text` says what to do.
 */
export const SESSION_ERRORS = {
  PARSE_ERROR: { rpc: -32700, text: 'the line is not JSON; send one JSON-RPC 2.0 message a line' },
  INVALID_REQUEST: { rpc: -32600, text: 'not a JSON-RPC 2.0 request; it needs jsonrpc "2.0" and a method' },
  UNKNOWN_METHOD: { rpc: -32601, text: 'there is no such method; rpc.discover lists them' },
  BAD_PARAMS: { rpc: -32602, text: 'the parameters are wrong; rpc.discover tells what is allowed' },
  INTERNAL: { rpc: -32603, text: 'the gateway made a mistake; its log has the details, please report it' },
  LINE_TOO_LONG: {
    rpc: -32000,
    text: 'a line may have 1 MiB at most; the connection is closed',
  },
  TOO_MANY_REQUESTS: { rpc: -32001, text: 'too many requests are unanswered; wait for replies' },
  TOO_MANY_SUBSCRIPTIONS: { rpc: -32002, text: 'this session has too many subscriptions; end one first' },
  UNAUTHORIZED: {
    rpc: -32003,
    text: 'this gateway wants a token; show it in the header or in the first message',
  },
  FORBIDDEN: {
    rpc: -32004,
    text: 'the role of this session does not allow it; use a socket or a token that may do more',
  },
  TOO_MANY_CLIENTS: { rpc: -32005, text: 'too many clients are connected; try again later' },
  NODE_NOT_FOUND: { rpc: -32010, text: 'no node has this address or name; the method nodes lists them' },
  TYPE_NOT_FOUND: { rpc: -32011, text: 'no data type has this name or id; the method dataTypes lists them' },
  OPCODE_NOT_FOUND: {
    rpc: -32012,
    text: 'no message has this name or opcode; the method opcodes lists them',
  },
  DELIVERY_NOT_FOUND: { rpc: -32013, text: 'no such delivery is kept; the last 1,000 are' },
  ALARM_NOT_FOUND: { rpc: -32014, text: 'no such alarm is open; the method alarms lists them' },
  SUBSCRIPTION_NOT_FOUND: { rpc: -32015, text: 'this session has no such subscription' },
  HISTORY_FAILED: { rpc: -32016, text: 'the history could not be read' },
  RECORDER_OFF: { rpc: -32017, text: 'the flight recorder is off; the setting recorder.bytes turns it on' },
  COMMAND_NOT_FOUND: { rpc: -32018, text: 'the device has no such command; the method device lists them' },
  NOT_ABORTABLE: { rpc: -32019, text: 'the command has ended, or its device can not abort it' },
  LINK_DOWN: {
    rpc: -32020,
    text: 'no link to the root or the device; the methods status and devices show why',
  },
  BUSY: { rpc: -32021, text: 'too many commands are waiting to be sent; try again in a second' },
  MESSAGE_TOO_LONG: { rpc: -32022, text: 'the message is longer than an edge device can take; shorten it' },
  REJECTED_BY_DEVICE: { rpc: -32024, text: 'the device rejected the command, or failed to carry it out' },
  TIMED_OUT: { rpc: -32025, text: 'the device did not answer in time; check its state before you try again' },
  REJECTED_BY_ROOT: {
    rpc: -32023,
    text: 'the root could not send the message; check the address, and whether the node is in its network',
  },
} as const;

export type SessionErrorCode = keyof typeof SESSION_ERRORS;

/** Why the gateway ends a session: told in a `closing` notification before it does. */
export const CLOSING_REASONS = {
  SLOW_READER: 'the client left more unread than its limit for 10 s',
  LINE_TOO_LONG: 'the client sent a line of more than 1 MiB',
  TOO_MUCH_UNREAD:
    'clients of this role left more than 32 MiB unread; this one had read nothing for 1 s, and held most',
  TOO_MUCH_UNFINISHED:
    'clients of this role had sent more than 32 MiB of lines without an end; this one had held most for longest',
  TOO_MANY_CLIENTS: 'too many clients are connected',
  STOPPED: 'the gateway is being stopped',
} as const;

export type ClosingReason = keyof typeof CLOSING_REASONS;

/** A refusal that goes to the client; `detail` says what it is about. */
export class SessionError extends Error {
  constructor(
    readonly code: SessionErrorCode,
    readonly detail?: string,
  ) {
    super(detail === undefined ? SESSION_ERRORS[code].text : `${detail}: ${SESSION_ERRORS[code].text}`);
    this.name = 'SessionError';
  }
}
