import type { AgedValue } from '../../../api/shapes.js';
import { LastHeard } from '../../parts/age.js';
import { Card } from '../../parts/card.js';
import { DeviceState } from '../../parts/device-state.js';
import { PageTitle } from '../../parts/page-title.js';
import { RestoredMark } from '../../parts/restored-mark.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { useSession } from '../../store/context.js';
import type { DeviceRecord } from '../../store/device-record.js';
import { useSlowTopic, useTopic } from '../../store/topic.js';
import { useDeviceDetails } from '../../store/use-device-details.js';
import { Explain } from '../node/explain.js';
import { StatusHistory, Values } from '../node/node-details.js';
import { NodePlots } from '../node/node-plots.js';
import { CommandHistory } from './command-history.js';
import { Commands } from './commands.js';
import { DeviceAlarms } from './device-alarms.js';
import { DeviceImages } from './device-images.js';

/** Readings change at most this often: nobody reads faster. */
const UPDATE_EVERY_MS = 200;
/** Pause between two looks for a new image. */
const IMAGES_MS = 1000;

export function DevicePage({ id }: { readonly id: string }) {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.devices);
  const record = session.store.devices.find(id);
  if (record) return <KnownDevice key={record.info.id} record={record} />;
  const isLoading = !session.store.link;
  return (
    <div class="page">
      <PageTitle title={isLoading ? 'Device' : 'Device not found'} />
      <p class="placeholder">
        {isLoading ? 'Loading…' : `There is no device ${id}.`} <a href="#/devices">All devices</a>
      </p>
    </div>
  );
}

function KnownDevice({ record }: { readonly record: DeviceRecord }) {
  useSlowTopic(record.topic, UPDATE_EVERY_MS);
  const { id, node, source, status, restored, lastHeardAt, values } = record.info;
  const fetched = useDeviceDetails(id, IMAGES_MS);
  const details = fetched && { ...fetched, status };
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="#/devices">Devices</a> <span aria-hidden="true">/</span> {id}
      </nav>
      <PageTitle title={id}>
        <StatusBadge status={status} />
        <RestoredMark isRestored={restored} />
        <span class="figure muted">
          <LastHeard at={lastHeardAt} />
        </span>
        <span class="muted">
          {details?.description ? `${details.description} · ` : ''}source {source}, link{' '}
          {status === 'unknown' ? 'down' : 'up'}
        </span>
      </PageTitle>
      <DeviceState record={record} />
      <div class="node-columns">
        <div class="column">
          <DeviceAlarms record={record} />
          <Card title="Latest values">
            <div class={status === 'unknown' ? 'is-old' : ''}>
              {values.length === 0 ? <p class="muted">No values yet.</p> : <Values values={values} />}
            </div>
          </Card>
          {details && <DeviceImages device={id} images={details.images} />}
          {details && <Commands device={details} />}
        </div>
        <div class="column">
          <CommandHistory device={id} commands={details?.commands ?? []} />
          {values.some(hasNumbers) && <NodePlots record={record} />}
          <Explain address={node} status={status} />
          <StatusHistory record={record} />
        </div>
      </div>
    </div>
  );
}

/** The numbers of an enumeration are names, not amounts: they have no plot. */
function hasNumbers({ fields }: AgedValue): boolean {
  return Object.values(fields).some(({ value, name }) => typeof value === 'number' && name === undefined);
}
