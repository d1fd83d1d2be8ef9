import { formatCount } from '../../format.js';
import { PageTitle } from '../../parts/page-title.js';
import { setQuery } from '../../router.js';
import { useSession } from '../../store/context.js';
import type { DeviceRecord } from '../../store/device-record.js';
import { useTopic } from '../../store/topic.js';
import { DeviceCard } from './device-card.js';
import { findDevices } from './find-devices.js';
import { NoDevices } from './no-devices.js';

/** Sources of the ventilator test bench. */
const VENTILATOR = /^hev(?::\d+)?$/;

export function DevicesPage({ query }: { readonly query: URLSearchParams }) {
  const { store } = useSession();
  useTopic(store.topics.devices);
  const all = store.devices.all();
  const search = query.get('search') ?? '';
  const found = findDevices(all, search);
  return (
    <div class="page">
      <PageTitle title="Devices">
        {all.length > 0 && (
          <>
            <search class="toolbar">
              <input
                type="search"
                aria-label="Search devices"
                placeholder="Device, source, status or value"
                value={search}
                onInput={({ currentTarget }) => setQuery('search', currentTarget.value)}
              />
            </search>
            <p class="muted count-line" data-testid="shown-count">
              {found.length === all.length ? '' : `${found.length} of `}
              {formatCount(all.length, 'device')}
            </p>
          </>
        )}
      </PageTitle>
      {all.some(({ info }) => VENTILATOR.test(info.source)) && (
        <p class="muted">Ventilator (hev): for test benches, not for use on patients.</p>
      )}
      <Found found={found} isEmpty={all.length === 0} isLoading={!store.link} />
    </div>
  );
}

interface FoundProps {
  readonly found: readonly DeviceRecord[];
  /** There are no devices at all. */
  readonly isEmpty: boolean;
  readonly isLoading: boolean;
}

function Found({ found, isEmpty, isLoading }: FoundProps) {
  if (isEmpty) return isLoading ? <p class="placeholder">Loading…</p> : <NoDevices />;
  if (found.length === 0) return <p class="placeholder">No matching devices.</p>;
  return (
    <ul class="devices" aria-label="Devices">
      {found.map((record) => (
        <DeviceCard key={record.info.id} record={record} />
      ))}
    </ul>
  );
}
