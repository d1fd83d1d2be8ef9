import { formatAge } from '../format.js';
import { useHostNow } from '../store/clock.js';
import { useSession } from '../store/context.js';
import type { MeshSession } from '../store/session.js';
import { useTopic } from '../store/topic.js';

interface Trouble {
  readonly text: string;
  readonly detail: string;
  /** Since when the picture is old, ms since the epoch, host clock. */
  readonly since: number | undefined;
}

/** Says what is wrong with the picture. The age is not read out: it would be, every second. */
export function Banner() {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.link);
  const now = useHostNow();
  const trouble = findTrouble(session);
  if (!trouble) return null;
  return (
    <div class="banner" role="alert">
      <strong>{trouble.text}</strong>
      <span aria-live="off">{trouble.detail}</span>
      {trouble.since !== undefined && (
        <span class="banner-age" aria-live="off">
          The picture is {formatAge(now - trouble.since)} old.
        </span>
      )}
    </div>
  );
}

const LINK_DETAILS = {
  absent: 'There is no serial device.',
  opening: 'The serial port is being opened.',
  probing: 'The port is open; waiting for the root to answer.',
  up: '',
  backingOff: 'Trying again by itself.',
  maintenance: 'The port is handed to another program for a while.',
  stopped: 'The gateway has stopped it.',
} as const;

function findTrouble({ state, pictureAt, store: { link, root } }: MeshSession): Trouble | undefined {
  if (state === 'lost') {
    const text =
      pictureAt === undefined ? 'The gateway does not answer.' : 'The connection to the gateway is lost.';
    return { text, detail: 'Trying again by itself.', since: pictureAt };
  }
  if (state !== 'open' || !link || link.state === 'up') return undefined;
  return {
    text: 'The link to the root is down.',
    detail: link.detail ?? LINK_DETAILS[link.state],
    since: root.lastHeardAt ?? undefined,
  };
}
