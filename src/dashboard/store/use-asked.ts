import { useEffect, useState } from 'preact/hooks';
import type { MethodName, Result } from '../api.js';
import { useSession } from './context.js';
import { useTopic } from './topic.js';

const ASK_EVERY_MS = 2000;

/** What a method without parameters answers, asked anew every 2 s; undefined before the first answer. */
export function useAsked<Name extends MethodName>(name: Name): Result<Name> | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [answer, setAnswer] = useState<Result<Name>>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    const ask = () => void session.call(name, {}).then(setAnswer, () => {});
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [session, isOpen, name]);
  return answer;
}
