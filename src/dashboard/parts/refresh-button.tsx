import { useEffect, useState } from 'preact/hooks';
import { errorText } from '../api.js';
import { useMayAct, useSession } from '../store/context.js';

interface Props {
  readonly what: 'nodes' | 'paths';
  /** Ask when the page is opened: nothing is known yet. */
  readonly atOnce?: boolean;
}

/** Asks the root for a list anew, and says whether it answered. */
export function RefreshButton({ what, atOnce = false }: Props) {
  const session = useSession();
  const mayAct = useMayAct();
  const [isBusy, setBusy] = useState(false);
  const [text, setText] = useState('');
  const refresh = async () => {
    setBusy(true);
    try {
      const { fresh } = await session.call('refresh', { what });
      setText(fresh ? 'The root has answered.' : 'The root did not answer within 2 s.');
    } catch (error) {
      setText(errorText(error));
    }
    setBusy(false);
  };
  useEffect(() => {
    if (atOnce && mayAct) void refresh();
  }, [mayAct]);
  if (!mayAct) return null;
  return (
    <span class="refresh">
      <button type="button" class="button" disabled={isBusy} onClick={() => void refresh()}>
        Ask for the {what}
      </button>
      <span class="muted" role="status">
        {text}
      </span>
    </span>
  );
}
