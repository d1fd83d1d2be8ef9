/** What a device's status means for its readings, in words. */
import type { AlarmInfo } from '../../api/shapes.js';
import { formatAge, formatTime } from '../format.js';
import { useHostNow } from '../store/clock.js';
import { useSession } from '../store/context.js';
import type { DeviceRecord } from '../store/device-record.js';
import { useTopic } from '../store/topic.js';

/** Without a value for this time, an active device is said to be silent. */
const SILENT_AFTER_MS = 60_000;

/** Alarms that the device reports, and the one about the link of its source. */
export function alarmsOf({ info: { id, source } }: DeviceRecord, alarms: readonly AlarmInfo[]): AlarmInfo[] {
  return alarms.filter((alarm) => alarm.device === id || isLinkAlarm(alarm, source));
}

function isLinkAlarm({ code, source }: AlarmInfo, name: string): boolean {
  return code === 'LINK_LOST' && source === name;
}

const LOOKS: Readonly<Record<string, string>> = { unknown: 'bad', unheard: 'muted' };

/** Empty while the device is active and reports. */
export function DeviceState({ record }: { readonly record: DeviceRecord }) {
  const { store } = useSession();
  useTopic(store.topics.alarms);
  const now = useHostNow();
  const { status, source, lastHeardAt } = record.info;
  const lost = store.openAlarms().find((alarm) => alarm.active && isLinkAlarm(alarm, source));
  const text = textOf(status, now - (lastHeardAt ?? now), `No link to ${source}`, lost?.lastAt);
  if (text === undefined) return null;
  return (
    <p class={LOOKS[status] ?? 'device-silent'} data-testid="device-state">
      {text}
      {status === 'unknown' && record.values.length > 0 && ' These are the last values.'}
    </p>
  );
}

function textOf(
  status: string,
  silentMs: number,
  noLink: string,
  lostAt: number | undefined,
): string | undefined {
  if (status === 'unknown')
    return lostAt === undefined ? `${noLink}.` : `${noLink} since ${formatTime(lostAt)}.`;
  if (status === 'unheard') return 'The link is up, but the device has not reported yet.';
  return silentMs > SILENT_AFTER_MS ? `No new value for ${formatAge(silentMs)}.` : undefined;
}
