import { useState } from 'preact/hooks';
import { errorText } from '../../api.js';
import { formatTime } from '../../format.js';
import { useSession } from '../../store/context.js';

/** Results shown; a single one says little about a radio link. */
const RESULTS_SHOWN = 5;

interface PingResult {
  readonly id: number;
  /** ms since the epoch, clock of the browser. */
  readonly at: number;
  readonly text: string;
  readonly isGood: boolean;
}

let lastId = 0;

export function PingButton({ address }: { readonly address: number }) {
  const session = useSession();
  const [isBusy, setBusy] = useState(false);
  const [results, setResults] = useState<readonly PingResult[]>([]);
  const ping = async () => {
    setBusy(true);
    const outcome = await session.call('ping', { node: address }).then(
      ({ answered, roundTripMs, detail }) =>
        answered
          ? { text: `answered in ${Math.round(roundTripMs ?? 0)} ms`, isGood: true }
          : { text: detail ?? 'no answer within 5 s', isGood: false },
      (error: unknown) => ({ text: errorText(error), isGood: false }),
    );
    setBusy(false);
    const result = { id: ++lastId, at: Date.now(), ...outcome };
    setResults((earlier) => [result, ...earlier].slice(0, RESULTS_SHOWN));
  };
  return (
    <div class="ping">
      <button type="button" class="button" disabled={isBusy} onClick={() => void ping()}>
        Ping
      </button>
      <ol aria-label="Ping results" aria-live="polite">
        {isBusy && <li class="muted">waiting for an answer…</li>}
        {results.map(({ id, at, text, isGood }) => (
          <li key={id}>
            <span class="figure muted">{formatTime(at)}</span>{' '}
            <span class={isGood ? 'good' : 'bad'}>{text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
