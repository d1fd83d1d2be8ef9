/**
 * What a client may do. Each role may do what those before it may:
 *
 *     read    listen, ask, subscribe
 *     send    send messages to nodes, write lines, publish robots, acknowledge alarms
 *     admin   reset and clean the root, forget nodes, take the port away
 */
export const ROLES = ['read', 'send', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** True where a client of the role `given` may do what takes the role `needed`. */
export function mayDo(given: Role, needed: Role): boolean {
  return ROLES.indexOf(given) >= ROLES.indexOf(needed);
}
