import { useEffect, useState } from 'preact/hooks';
import type { MethodName, Result } from '../api.js';
import { useSession } from './context.js';
import { useTopic } from './topic.js';

const POLL_EVERY_MS = 2000;

/** The result of a method without parameters, polled every 2 s; undefined before the first reply. */
export function usePolled<Name extends MethodName>(name: Name): Result<Name> | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [result, setResult] = useState<Result<Name>>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    const poll = () => void session.call(name, {}).then(setResult, () => {});
    poll();
    const timer = setInterval(poll, POLL_EVERY_MS);
    return () => clearInterval(timer);
  }, [session, isOpen, name]);
  return result;
}
