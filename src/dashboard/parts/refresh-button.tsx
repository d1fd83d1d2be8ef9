import { useEffect, useState } from 'preact/hooks';
import { errorText } from '../api.js';
import { useMayAct, useSession } from '../store/context.js';

interface Props {
  readonly what: 'nodes' | 'paths';
  /** Refresh when the page opens. */
  readonly onOpen?: boolean;
}

/** Requests a list from the root, and reports whether it answered. */
export function RefreshButton({ what, onOpen = false }: Props) {
  const session = useSession();
  const mayAct = useMayAct();
  const [isBusy, setBusy] = useState(false);
  const [text, setText] = useState('');
  const refresh = async () => {
    setBusy(true);
    try {
      const { fresh } = await session.call('refresh', { what });
      setText(fresh ? 'Updated.' : 'The root did not answer within 2 s.');
    } catch (error) {
      setText(errorText(error));
    }
    setBusy(false);
  };
  useEffect(() => {
    if (onOpen && mayAct) void refresh();
  }, [mayAct]);
  if (!mayAct) return null;
  return (
    <span class="refresh">
      <button type="button" class="button" disabled={isBusy} onClick={() => void refresh()}>
        Refresh {what}
      </button>
      <span class="muted" role="status">
        {text}
      </span>
    </span>
  );
}
