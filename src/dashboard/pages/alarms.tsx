import { useState } from 'preact/hooks';
import type { AlarmInfo } from '../../api/shapes.js';
import { errorText } from '../api.js';
import { formatAddress, formatDateTime } from '../format.js';
import { Age } from '../parts/age.js';
import { PageTitle } from '../parts/page-title.js';
import { RestoredMark } from '../parts/restored-mark.js';
import { nodeHref } from '../router.js';
import { useMayAct, useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

export function AlarmsPage() {
  const session = useSession();
  useTopic(session.store.topics.alarms);
  const mayAct = useMayAct();
  const [failure, setFailure] = useState('');
  const alarms = session.store.openAlarms();
  const unacknowledged = alarms.filter(({ acknowledged }) => !acknowledged);
  const acknowledge = async (ids: readonly string[]) => {
    try {
      await Promise.all(ids.map((id) => session.call('acknowledge', { id })));
      setFailure('');
    } catch (error) {
      setFailure(errorText(error));
    }
  };
  return (
    <div class="page">
      <PageTitle title="Alarms">
        {mayAct && unacknowledged.length > 1 && (
          <button
            type="button"
            class="button"
            onClick={() => void acknowledge(unacknowledged.map(({ id }) => id))}
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
        <AlarmTable alarms={alarms} acknowledge={mayAct ? (id) => void acknowledge([id]) : undefined} />
      )}
    </div>
  );
}

interface TableProps {
  readonly alarms: readonly AlarmInfo[];
  readonly acknowledge: ((id: string) => void) | undefined;
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
              Node
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
  const { id, code, priority, node, text, firstAt, lastAt, count, active, acknowledged, restored } = alarm;
  return (
    <tr class={acknowledged ? 'is-acknowledged' : ''} data-alarm={id}>
      <td>
        <span class={`priority priority-${priority}`}>{priority}</span>
      </td>
      <th scope="row">
        {text} <span class="mono muted code wide-only">{code}</span>
        <RestoredMark isRestored={restored} />
        {node !== null && (
          <a class="narrow-only mono code" href={nodeHref(node)}>
            {formatAddress(node)}
          </a>
        )}
        <span class="narrow-only muted code">
          <Age at={lastAt} suffix=" ago" />
        </span>
      </th>
      <td class="mono wide-only">
        {node === null ? '–' : <a href={nodeHref(node)}>{formatAddress(node)}</a>}
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
            onClick={() => acknowledge(id)}
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
