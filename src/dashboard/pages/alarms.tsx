import type { AlarmInfo } from '../../api/shapes.js';
import { formatAddress, formatDateTime } from '../format.js';
import { Age } from '../parts/age.js';
import { PageTitle } from '../parts/page-title.js';
import { RestoredMark } from '../parts/restored-mark.js';
import { useAcknowledge } from '../parts/use-acknowledge.js';
import { deviceHref, nodeHref } from '../router.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

export function AlarmsPage() {
  const session = useSession();
  useTopic(session.store.topics.alarms);
  const { acknowledge, failure } = useAcknowledge();
  const alarms = session.store.openAlarms();
  const unacknowledged = alarms.filter(({ acknowledged }) => !acknowledged);
  return (
    <div class="page">
      <PageTitle title="Alarms">
        {acknowledge && unacknowledged.length > 1 && (
          <button
            type="button"
            class="button"
            onClick={() => acknowledge(unacknowledged.map(({ id }) => id))}
          >
            Acknowledge all
          </button>
        )}
        {alarms.length > 0 && (
          <p class="muted count-line">
            {unacknowledged.length} unacknowledged, {alarms.length - unacknowledged.length} acknowledged
          </p>
        )}
      </PageTitle>
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {alarms.length === 0 ? (
        <p class="placeholder">No open alarms. An alarm stays open while it is active or not acknowledged.</p>
      ) : (
        <AlarmTable alarms={alarms} acknowledge={acknowledge} />
      )}
    </div>
  );
}

interface TableProps {
  readonly alarms: readonly AlarmInfo[];
  readonly acknowledge: ((ids: readonly string[]) => void) | undefined;
}

function AlarmTable({ alarms, acknowledge }: TableProps) {
  return (
    <div class="scroll-x">
      <table class="plain wide alarms" aria-label="Alarms">
        <thead>
          <tr>
            <th scope="col">Priority</th>
            <th scope="col">Alarm</th>
            <th scope="col" class="wide-only">
              Node or device
            </th>
            <th scope="col" class="wide-only">
              State
            </th>
            <th scope="col" class="wide-only">
              First seen
            </th>
            <th scope="col" class="wide-only">
              Last seen
            </th>
            <th scope="col" class="wide-only">
              Count
            </th>
            <th scope="col">Acknowledged</th>
          </tr>
        </thead>
        <tbody>
          {alarms.map((alarm) => (
            <AlarmRow key={alarm.id} alarm={alarm} acknowledge={acknowledge} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AlarmRow({
  alarm,
  acknowledge,
}: {
  readonly alarm: AlarmInfo;
  readonly acknowledge: TableProps['acknowledge'];
}) {
  const { id, code, deviceCode, priority, text, firstAt, lastAt, count, active, acknowledged, restored } =
    alarm;
  return (
    <tr class={acknowledged ? 'is-acknowledged' : ''} data-alarm={id}>
      <td>
        <span class={`priority priority-${priority}`}>{priority}</span>
      </td>
      <th scope="row">
        {text} <span class="mono muted code wide-only">{deviceCode ?? code}</span>
        <RestoredMark isRestored={restored} />
        <span class="narrow-only mono code">
          <Subject alarm={alarm} />
        </span>
        <span class="narrow-only muted code">
          <Age at={lastAt} suffix=" ago" />
        </span>
      </th>
      <td class="mono wide-only">
        <Subject alarm={alarm} ifNone="–" />
      </td>
      <td class="wide-only">{active ? 'active' : 'ended'}</td>
      <td class="figure wide-only">{formatDateTime(firstAt)}</td>
      <td class="figure wide-only">
        <Age at={lastAt} suffix=" ago" />
      </td>
      <td class="figure wide-only">{count}</td>
      <td>
        {acknowledged ? (
          'yes'
        ) : acknowledge ? (
          <button
            type="button"
            class="button small"
            aria-label={`Acknowledge: ${text}`}
            onClick={() => acknowledge([id])}
          >
            Acknowledge
          </button>
        ) : (
          'no'
        )}
      </td>
    </tr>
  );
}

/** What the alarm is about: a node, a device or a source of devices. */
function Subject({ alarm, ifNone = '' }: { readonly alarm: AlarmInfo; readonly ifNone?: string }) {
  const { node, device, source } = alarm;
  if (device !== undefined) return <a href={deviceHref(device)}>{device}</a>;
  if (source !== undefined) return <a href={`#/devices?search=${encodeURIComponent(source)}`}>{source}</a>;
  return node === null ? ifNone : <a href={nodeHref(node)}>{formatAddress(node)}</a>;
}
