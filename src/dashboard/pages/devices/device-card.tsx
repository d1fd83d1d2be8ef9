import { useEffect, useRef, useState } from 'preact/hooks';
import type { AgedValue } from '../../../api/shapes.js';
import { formatNamed, isNamedAfterType } from '../../format.js';
import { LastHeard } from '../../parts/age.js';
import { alarmsOf, DeviceState } from '../../parts/device-state.js';
import { type ImageFacts, isPicture, useLiveImage } from '../../parts/live-image.js';
import { RestoredMark } from '../../parts/restored-mark.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { deviceHref } from '../../router.js';
import { useSession } from '../../store/context.js';
import type { DeviceRecord } from '../../store/device-record.js';
import { useSlowTopic, useTopic } from '../../store/topic.js';
import { useDeviceDetails } from '../../store/use-device-details.js';

/** Readings change at most this often: nobody reads faster. */
const UPDATE_EVERY_MS = 250;
/** Pause between two looks for a new thumbnail. */
const THUMBNAIL_MS = 5000;
/** Readings on a card; the device's page has all. */
const MAX_READINGS = 6;

export function DeviceCard({ record }: { readonly record: DeviceRecord }) {
  useSlowTopic(record.topic, UPDATE_EVERY_MS);
  const element = useRef<HTMLLIElement>(null);
  const isShown = useIsOnScreen(element);
  const details = useDeviceDetails(record.info.id, THUMBNAIL_MS, isShown);
  const { id, source, status, restored, lastHeardAt } = record.info;
  const image = details?.images.find(isPicture);
  return (
    <li ref={element} class="card device-card" data-device={id}>
      <div class="device-head">
        <h2 class="ellipsis">
          <a href={deviceHref(id)}>{id}</a>
        </h2>
        <StatusBadge status={status} />
        <RestoredMark isRestored={restored} />
        <span class="figure muted">
          <LastHeard at={lastHeardAt} />
        </span>
      </div>
      <p class="muted ellipsis">
        {details?.description ? `${details.description} · ` : ''}
        source {source}, link {status === 'unknown' ? 'down' : 'up'}
      </p>
      <DeviceState record={record} />
      <Alarms record={record} />
      <div class={`device-body ${status === 'unknown' ? 'is-old' : ''}`}>
        <Readings values={record.values} />
        {image && <Thumbnail device={id} facts={image} />}
      </div>
    </li>
  );
}

/** True while any part of the element is visible. */
function useIsOnScreen(element: { readonly current: HTMLElement | null }): boolean {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new IntersectionObserver((entries) => setShown(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return isShown;
}

function Alarms({ record }: { readonly record: DeviceRecord }) {
  const { store } = useSession();
  useTopic(store.topics.alarms);
  const open = alarmsOf(record, store.openAlarms()).filter(({ code }) => code === 'DEVICE_ALARM');
  if (open.length === 0) return null;
  return (
    <ul class="device-alarms" aria-label={`Alarms of ${record.info.id}`}>
      {open.slice(0, 2).map(({ id, priority, text, active }) => (
        <li key={id}>
          <a href={deviceHref(record.info.id)} class={`priority priority-${priority}`}>
            {text}
            {active ? '' : ' (ended)'}
          </a>
        </li>
      ))}
      {open.length > 2 && <li class="muted">and {open.length - 2} more alarms</li>}
    </ul>
  );
}

interface Reading {
  readonly key: string;
  readonly name: string;
  readonly text: string;
}

function Readings({ values }: { readonly values: readonly AgedValue[] }) {
  const readings = values.flatMap(readingsOf);
  if (readings.length === 0) return null;
  const more = readings.length - MAX_READINGS;
  return (
    <div class="readings">
      <dl>
        {readings.slice(0, MAX_READINGS).map(({ key, name, text }) => (
          <div key={key}>
            <dt>{name}</dt>
            <dd class="figure">{text}</dd>
          </div>
        ))}
      </dl>
      {more > 0 && <p class="muted">and {more} more</p>}
    </div>
  );
}

function readingsOf({ type, fields }: AgedValue): Reading[] {
  return Object.entries(fields).map(([field, value]) => ({
    key: `${type}.${field}`,
    name: isNamedAfterType(field, type) ? type : `${type} ${field}`,
    text: formatNamed(value),
  }));
}

function Thumbnail({ device, facts }: { readonly device: string; readonly facts: ImageFacts }) {
  const { image } = useLiveImage(device, facts);
  if (!image) return null;
  return (
    <a class="thumbnail" href={deviceHref(device)}>
      <img src={image.url} alt={`${facts.type} of ${device}`} />
    </a>
  );
}
