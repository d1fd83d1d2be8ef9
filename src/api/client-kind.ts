/** Kinds of connections, with their names for people. `new`: not known yet. No imports: browsers load this too. */
export const CLIENT_KINDS = {
  new: 'new',
  sending: 'sending',
  listening: 'listening',
  session: 'session',
  webSession: 'web session',
  webMonitor: 'web monitor',
} as const;

export type ClientKind = keyof typeof CLIENT_KINDS;
