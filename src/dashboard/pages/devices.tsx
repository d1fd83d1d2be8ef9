import type { DeviceInfo } from '../../api/shapes.js';
import { formatValue } from '../format.js';
import { Age } from '../parts/age.js';
import { PageTitle } from '../parts/page-title.js';
import { RestoredMark } from '../parts/restored-mark.js';
import { StatusBadge } from '../parts/status-badge.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

/** Sources of the ventilator test bench. */
const VENTILATOR = /^hev(?::\d+)?$/;

export function DevicesPage() {
  const { store } = useSession();
  useTopic(store.topics.devices);
  const devices = store.devices.all();
  return (
    <div class="page">
      <PageTitle title="Devices" />
      {devices.some(({ source }) => VENTILATOR.test(source)) && (
        <p class="placeholder">Ventilator (hev): for test benches, not for use on patients.</p>
      )}
      {devices.length === 0 ? (
        <p class="placeholder">No devices. Only the mesh is connected.</p>
      ) : (
        <div class="scroll-x">
          <table class="plain wide" aria-label="Devices">
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">Source</th>
                <th scope="col">Status</th>
                <th scope="col">Latest values</th>
                <th scope="col">Last heard</th>
              </tr>
            </thead>
            <tbody>
              {devices.map((device) => (
                <DeviceRow key={device.id} device={device} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function DeviceRow({ device }: { readonly device: DeviceInfo }) {
  const { id, source, status, restored, lastHeardAt, values } = device;
  return (
    <tr>
      <th scope="row">{id}</th>
      <td>{source}</td>
      <td>
        <StatusBadge status={status} />
        <RestoredMark isRestored={restored} />
      </td>
      <td class="figure">
        {values.map((value) => `${value.type} ${formatValue(value)}`).join(' · ') || '–'}
      </td>
      <td class="figure">
        <Age at={lastHeardAt} />
      </td>
    </tr>
  );
}
