/** What a connection is, each in words for people. `new`: it has not said yet. No imports: browsers load it too. */
export const CLIENT_KINDS = {
  new: 'new',
  sending: 'sending',
  listening: 'listening',
  session: 'session',
  webSession: 'web session',
  webMonitor: 'web monitor',
} as const;

export type ClientKind = keyof typeof CLIENT_KINDS;
