import { formatAge } from '../format.js';
import { useHostNow } from '../store/clock.js';
import { useSession } from '../store/context.js';
import type { MeshSession } from '../store/session.js';
import { useTopic } from '../store/topic.js';

interface Problem {
  readonly text: string;
  readonly detail: string;
  /** When the data was last current, ms since the epoch, host clock. */
  readonly updatedAt: number | undefined;
}

/** Says why the data is out of date. Its age is not announced by screen readers: it changes every second. */
export function Banner() {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.link);
  const now = useHostNow();
  const problem = findProblem(session);
  if (!problem) return null;
  return (
    <div class="banner" role="alert">
      <strong>{problem.text}</strong>
      <span aria-live="off">{problem.detail}</span>
      {problem.updatedAt !== undefined && (
        <span class="banner-age" aria-live="off">
          Last updated {formatAge(now - problem.updatedAt)} ago.
        </span>
      )}
    </div>
  );
}

const RETRYING = 'Retrying automatically.';

const LINK_DETAILS = {
  absent: 'No serial device found.',
  opening: 'Opening the serial port.',
  probing: 'The port is open; waiting for the root to answer.',
  up: '',
  backingOff: RETRYING,
  maintenance: 'The port is temporarily released to another program.',
  stopped: 'Stopped by the gateway.',
} as const;

function findProblem({ state, updatedAt, store: { link, root } }: MeshSession): Problem | undefined {
  if (state === 'lost') {
    const text =
      updatedAt === undefined ? 'The gateway is not responding.' : 'Connection to the gateway lost.';
    return { text, detail: RETRYING, updatedAt };
  }
  if (state !== 'open' || !link || link.state === 'up') return undefined;
  return {
    text: 'The link to the root is down.',
    detail: link.detail ?? LINK_DETAILS[link.state],
    updatedAt: root.lastHeardAt ?? undefined,
  };
}
