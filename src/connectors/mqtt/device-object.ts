/** What a device's retained object has in addition to that of a node. */
import { UNKNOWN_MEDIA } from '../../api/describe.js';
import type { Alarm } from '../../hub/alarms.js';
import type { DeviceView, MediaValue } from '../../hub/hub.js';

export interface ImageSettings {
  /** Shortest time between two images of a device and type; 0 = images are not published. */
  readonly everyMs: number;
  readonly maxBytes: number;
}

/** An image that has a topic of its own. */
export interface PublishedImage {
  readonly type: string;
  readonly mediaType: string;
  /** ms since the epoch, host clock. */
  readonly receivedAt: number;
  readonly bytes: number;
}

export function deviceFacts(view: DeviceView, alarms: readonly Alarm[], images: ImageSettings) {
  return {
    source: view.source,
    ...(view.description !== undefined && { description: view.description }),
    deviceAlarms: alarms.filter(({ node }) => node === view.address).map(describeDeviceAlarm),
    ...(images.everyMs > 0 && { images: publishedImages(view, images) }),
  };
}

/** `alarms` of a device: those about itself, and those about the link of its source. */
export function concerns({ node, source }: Alarm, view: DeviceView): boolean {
  return node === view.address || source === view.source;
}

export function publishedImages({ media }: DeviceView, images: ImageSettings): PublishedImage[] {
  return media
    .filter((image) => isPublished(image, images))
    .map((image) => ({
      type: image.type.name,
      mediaType: mediaTypeOf(image),
      receivedAt: image.receivedAt,
      bytes: image.bytes.length,
    }));
}

export function isPublished({ bytes }: MediaValue, { everyMs, maxBytes }: ImageSettings): boolean {
  return everyMs > 0 && bytes.length > 0 && bytes.length <= maxBytes;
}

export function mediaTypeOf({ type }: MediaValue): string {
  return type.latestOnly?.mediaType ?? UNKNOWN_MEDIA;
}

/** While the link of its source is up: only then commands reach it. */
export function isReachable({ status }: DeviceView): boolean {
  return status !== 'unknown';
}

function describeDeviceAlarm({ deviceCode, priority, text, active, acknowledged }: Alarm) {
  return { code: deviceCode ?? null, priority, text, active, acknowledged };
}
