/** Why websockets end. */
export const WEB_END_REASONS = {
  clientLeft: 'the client closed it',
  refused: 'the client did not authenticate',
  displaced: 'too many clients had not authenticated, and this one had waited the longest',
  tooMany: 'too many clients were connected',
  slowReader: 'the client read too slowly',
  tooMuchUnread: 'too much data unread by clients of its role, and it had the most',
  tooMuchUnfinished: 'too many incomplete requests from clients of its role, and it had the most',
  notAlive: 'the client did not answer a ping',
  failed: 'the connection failed',
  accessChanged: 'the access settings were changed',
  stopped: 'the gateway was stopped',
} as const;

export type WebEndReason = keyof typeof WEB_END_REASONS;
