/** Why connections on the sockets end. */
export const CONNECTION_END_REASONS = {
  answered: 'the command was answered',
  refused: 'the client sent an invalid request',
  forbidden: 'the command is not permitted for the role of the client',
  timedOut: 'the client did not complete its request in time',
  tooMany: 'too many clients were connected',
  clientLeft: 'the client closed it',
  slowReader: 'the client read too slowly',
  tooMuchUnread: 'too much data unread by clients of its role, and it had the most',
  lineTooLong: 'the client sent a line that is too long',
  tooMuchUnfinished: 'too many incomplete requests from clients of its role, and it had the most',
  failed: 'the connection failed',
  stopped: 'the gateway was stopped',
} as const;

export type ConnectionEndReason = keyof typeof CONNECTION_END_REASONS;
