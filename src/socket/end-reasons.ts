/** How connections on the sockets end. */
export const CONNECTION_END_REASONS = {
  answered: 'its command was answered',
  refused: 'what it sent was no legal request',
  forbidden: 'its role does not allow what it asked for',
  timedOut: 'it did not finish its request in time',
  tooMany: 'too many clients were connected',
  clientLeft: 'the client closed it',
  slowReader: 'the client did not read what was sent to it',
  tooMuchUnread: 'clients of its role left too much unread, and it had read nothing of the most',
  lineTooLong: 'it sent a line that is too long',
  tooMuchUnfinished: 'clients of its role sent too much without an end, and it had held most for longest',
  failed: 'the connection failed',
  stopped: 'the gateway was stopped',
} as const;

export type ConnectionEndReason = keyof typeof CONNECTION_END_REASONS;
