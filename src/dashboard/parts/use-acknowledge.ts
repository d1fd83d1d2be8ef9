import { useState } from 'preact/hooks';
import { errorText } from '../api.js';
import { useMayAct, useSession } from '../store/context.js';

export interface Acknowledging {
  /** Undefined if this page may not acknowledge alarms. */
  readonly acknowledge: ((ids: readonly string[]) => void) | undefined;
  /** Empty if there is none. */
  readonly failure: string;
}

/** Acknowledges alarms by id. */
export function useAcknowledge(): Acknowledging {
  const session = useSession();
  const mayAct = useMayAct();
  const [failure, setFailure] = useState('');
  const acknowledge = async (ids: readonly string[]) => {
    try {
      await Promise.all(ids.map((id) => session.call('acknowledge', { id })));
      setFailure('');
    } catch (error) {
      setFailure(errorText(error));
    }
  };
  return { acknowledge: mayAct ? (ids) => void acknowledge(ids) : undefined, failure };
}
