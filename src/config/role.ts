/**
 * What a client may do. Each role includes those before it:
 *
 *     read    listen, query, subscribe
 *     send    send messages to nodes, write log lines, publish robots, acknowledge alarms
 *     admin   reset and clean the root, forget nodes, release the port
 */
export const ROLES = ['read', 'send', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** True if a client with the role `given` may do what requires the role `needed`. */
export function mayDo(given: Role, needed: Role): boolean {
  return ROLES.indexOf(given) >= ROLES.indexOf(needed);
}
