import type { AlarmInfo } from '../../../api/shapes.js';
import { formatDateTime } from '../../format.js';
import { Card } from '../../parts/card.js';
import { alarmsOf } from '../../parts/device-state.js';
import { useAcknowledge } from '../../parts/use-acknowledge.js';
import { useSession } from '../../store/context.js';
import type { DeviceRecord } from '../../store/device-record.js';
import { useTopic } from '../../store/topic.js';

/** Open alarms of the device and of the link of its source. */
export function DeviceAlarms({ record }: { readonly record: DeviceRecord }) {
  const { store } = useSession();
  useTopic(store.topics.alarms);
  const { acknowledge, failure } = useAcknowledge();
  const alarms = alarmsOf(record, store.openAlarms());
  if (alarms.length === 0) return null;
  return (
    <Card title="Alarms">
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <ul class="alarm-list" aria-label="Alarms">
        {alarms.map((alarm) => (
          <Alarm key={alarm.id} alarm={alarm} acknowledge={acknowledge} />
        ))}
      </ul>
    </Card>
  );
}

interface AlarmProps {
  readonly alarm: AlarmInfo;
  readonly acknowledge: ((ids: readonly string[]) => void) | undefined;
}

function Alarm({ alarm, acknowledge }: AlarmProps) {
  const { id, code, deviceCode, priority, text, lastAt, count, active, acknowledged } = alarm;
  return (
    <li data-alarm={id}>
      <span class={`priority priority-${priority}`}>{priority}</span>
      <span class="alarm-text">
        {text} <span class="mono muted">{deviceCode ?? code}</span>
        <span class="muted alarm-facts">
          {active ? 'active' : 'ended'} · last {formatDateTime(lastAt)}
          {count > 1 ? ` · ${count} times` : ''}
        </span>
      </span>
      {acknowledged ? (
        <span class="muted">acknowledged</span>
      ) : (
        acknowledge && (
          <button
            type="button"
            class="button small"
            aria-label={`Acknowledge: ${text}`}
            onClick={() => acknowledge([id])}
          >
            Acknowledge
          </button>
        )
      )}
    </li>
  );
}
