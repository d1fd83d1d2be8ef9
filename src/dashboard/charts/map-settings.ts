import { useEffect, useState } from 'preact/hooks';
import type { MapInfo } from '../../api/shapes.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

/** The map's background as configured in the gateway; undefined until received. */
export function useMapSettings(): MapInfo | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [settings, setSettings] = useState<MapInfo>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    session.call('map', {}).then(
      (next) => setSettings((last) => (JSON.stringify(last) === JSON.stringify(next) ? last : next)),
      () => {},
    );
  }, [session, isOpen]);
  return settings;
}
