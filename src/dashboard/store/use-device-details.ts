import { useEffect, useState } from 'preact/hooks';
import type { DeviceDetails } from '../../api/shapes.js';
import { useSession } from './context.js';
import type { MeshSession } from './session.js';
import { useTopic } from './topic.js';

/** Without images, only a device that is added again has other details. */
const WITHOUT_IMAGES_MS = 10_000;
/** Of pages that are hidden. */
const HIDDEN_MS = 1000;

/**
 * Description, images and commands of a device; undefined before the first reply. They are in no event, so they are
 * fetched again while `isShown`. `imagesMs`: pause between two looks for a new image.
 */
export function useDeviceDetails(id: string, imagesMs: number, isShown = true): DeviceDetails | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [details, setDetails] = useState<DeviceDetails>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen || !isShown) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const poll = async () => {
      const found = document.hidden ? undefined : await fetchDetails(session, id);
      if (isOver) return;
      if (found) setDetails(found);
      timer = setTimeout(() => void poll(), pauseAfter(found, imagesMs));
    };
    void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [session, isOpen, id, imagesMs, isShown]);
  return details;
}

function pauseAfter(found: DeviceDetails | undefined, imagesMs: number): number {
  if (document.hidden) return HIDDEN_MS;
  return found && found.images.length > 0 ? imagesMs : WITHOUT_IMAGES_MS;
}

/** Undefined for a device that has gone. */
async function fetchDetails(session: MeshSession, device: string): Promise<DeviceDetails | undefined> {
  try {
    const details = await session.call('device', { device });
    session.store.onDeviceDetails(details);
    session.store.notify();
    return details;
  } catch {
    return undefined;
  }
}
