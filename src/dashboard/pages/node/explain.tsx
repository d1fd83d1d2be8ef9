import { useCallback, useEffect, useState } from 'preact/hooks';
import { errorText } from '../../api.js';
import { Card } from '../../parts/card.js';
import { useSession } from '../../store/context.js';
import { useTopic } from '../../store/topic.js';

interface Props {
  readonly address: number;
  /** The explanation is fetched again when it changes. */
  readonly status: string;
}

/** The gateway's explanation of the node's status. */
export function Explain({ address, status }: Props) {
  const session = useSession();
  useTopic(session.topic);
  const [facts, setFacts] = useState<readonly string[]>([]);
  const [failure, setFailure] = useState('');
  const refresh = useCallback(async () => {
    try {
      setFacts((await session.call('explain', { node: address })).facts);
      setFailure('');
    } catch (error) {
      setFailure(errorText(error));
    }
  }, [session, address]);
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (isOpen) void refresh();
  }, [refresh, isOpen, status]);
  const refreshButton = (
    <button type="button" class="button small" disabled={!isOpen} onClick={() => void refresh()}>
      Refresh
    </button>
  );
  return (
    <Card title="Status" controls={refreshButton}>
      {failure ? (
        <p class="failure">{failure}</p>
      ) : (
        <ul class="explain">
          {facts.map((fact) => (
            <li key={fact}>{fact}</li>
          ))}
        </ul>
      )}
    </Card>
  );
}
