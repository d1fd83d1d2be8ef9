import { formatAge, formatDateTime } from '../format.js';
import { useHostNow } from '../store/clock.js';

/** How long ago, ticking. `at`: ms since the epoch, host clock; null = never. */
export function Age({ at, suffix = '' }: { readonly at: number | null; readonly suffix?: string }) {
  const now = useHostNow();
  if (at === null) return <span class="muted">never</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatDateTime(at)}>
      {formatAge(now - at)}
      {suffix}
    </time>
  );
}
