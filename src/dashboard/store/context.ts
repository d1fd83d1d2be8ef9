import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { MeshSession } from './session.js';
import { useTopic } from './topic.js';

const SessionContext = createContext<MeshSession | undefined>(undefined);

export const SessionProvider = SessionContext.Provider;

/** The page's session: always the same object, whose topics report changes. */
export function useSession(): MeshSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession must be used within a SessionProvider');
  return session;
}

/** True if this page may send, reset and acknowledge; false until it has connected. */
export function useMayAct(): boolean {
  const session = useSession();
  useTopic(session.topic);
  return session.role !== 'read';
}
