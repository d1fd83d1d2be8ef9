import { formatAge, formatDateTime } from '../format.js';
import { useHostNow } from '../store/clock.js';

/** The time since `at`, updated every second. `at`: ms since the epoch, host clock; null = never. */
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

/** `heard 3 s ago`, or `never heard`. `at`: as for `Age`. */
export function LastHeard({ at }: { readonly at: number | null }) {
  if (at === null) return <span>never heard</span>;
  return (
    <span>
      heard <Age at={at} suffix=" ago" />
    </span>
  );
}
