import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { MeshSession } from './session.js';
import { useTopic } from './topic.js';

const SessionContext = createContext<MeshSession | undefined>(undefined);

export const SessionProvider = SessionContext.Provider;

/** The session of the page; it changes itself, not its identity. */
export function useSession(): MeshSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error('there is no session around this component');
  return session;
}

/** True where this page may send, reset and acknowledge; false while there is no connection to do it by. */
export function useMayAct(): boolean {
  const session = useSession();
  useTopic(session.topic);
  return session.role !== 'read';
}
