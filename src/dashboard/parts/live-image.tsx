import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeviceDetails } from '../../api/shapes.js';
import { errorText } from '../api.js';
import { useSession } from '../store/context.js';
import type { MeshSession } from '../store/session.js';
import { useTopic } from '../store/topic.js';

export type ImageFacts = DeviceDetails['images'][number];

export interface FetchedImage {
  /** Of an object in the page's memory. */
  readonly url: string;
  /** ms since the epoch, host clock. */
  readonly receivedAt: number;
}

export interface LiveImage {
  readonly image: FetchedImage | undefined;
  /** Why the newest image is not shown; empty if it is. */
  readonly failure: string;
}

export function isPicture({ mediaType }: Pick<ImageFacts, 'mediaType'>): boolean {
  return mediaType.startsWith('image/');
}

/** The newest image of a device, one at a time: the next is fetched when this one has been decoded. */
export function useLiveImage(device: string, facts: ImageFacts): LiveImage {
  const session = useSession();
  useTopic(session.topic);
  const [image, setImage] = useState<FetchedImage>();
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const triedAt = useRef(0);
  const current = useRef<string | undefined>(undefined);
  const isGone = useRef(false);
  const isOpen = session.state === 'open';
  const { type, receivedAt } = facts;
  const load = async () => {
    triedAt.current = receivedAt;
    setBusy(true);
    try {
      const fetched = await fetchImage(session, device, type);
      if (isGone.current) return URL.revokeObjectURL(fetched.url);
      if (current.current !== undefined) URL.revokeObjectURL(current.current);
      current.current = fetched.url;
      triedAt.current = Math.max(receivedAt, fetched.receivedAt);
      setImage(fetched);
      setFailure('');
    } catch (error) {
      setFailure(errorText(error));
    }
    setBusy(false);
  };
  useEffect(() => {
    if (isOpen && !isBusy && triedAt.current < receivedAt) void load();
  }, [isOpen, isBusy, device, type, receivedAt]);
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
      if (current.current !== undefined) URL.revokeObjectURL(current.current);
    };
  }, []);
  return { image, failure };
}

/** Rejects if the browser can't decode it. */
async function fetchImage(session: MeshSession, device: string, type: string): Promise<FetchedImage> {
  const { data, mediaType, receivedAt } = await session.call('image', { device, type });
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  try {
    if (isPicture({ mediaType })) await decode(url);
  } catch {
    URL.revokeObjectURL(url);
    throw new Error(`The browser cannot show this ${mediaType}.`);
  }
  return { url, receivedAt };
}

async function decode(url: string): Promise<void> {
  const probe = new Image();
  probe.src = url;
  await probe.decode();
}
