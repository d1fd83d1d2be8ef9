/**
 * The newest image of each device and type as a retained topic. New images are looked for once per interval, which is
 * also their rate limit: a report of an image publishes no event.
 */
import { Counters } from '../../base/counters.js';
import type { Hub, MediaValue } from '../../hub/hub.js';
import { imageLevel, type Topics } from '../../mqtt/topics.js';
import { type ImageSettings, isPublished, mediaTypeOf } from './device-object.js';
import type { Lane, LanePublication } from './outbox.js';

export interface ImageLaneOptions {
  readonly hub: Hub;
  readonly topics: Topics;
  readonly settings: ImageSettings;
  /** An image is about to be published: its device's object lists it. */
  readonly onImage: (device: string, type: string) => void;
}

interface Place {
  readonly address: number;
  readonly device: string;
  readonly typeId: number;
}

export class ImageLane implements Lane {
  readonly #options: ImageLaneOptions;
  readonly #counts = new Counters(['published', 'tooLarge']);
  /** The images that were published or are too large, by place. */
  #done = new Map<string, MediaValue>();
  readonly #waiting = new Map<string, Place>();

  constructor(options: ImageLaneOptions) {
    this.#options = options;
  }

  counters() {
    return this.#counts.snapshot();
  }

  /** Looks for new images, and forgets those of devices that are gone. */
  look(): void {
    const done = new Map<string, MediaValue>();
    this.#waiting.clear();
    for (const { address, id: device, media } of this.#options.hub.picture.devices()) {
      for (const image of media) {
        const key = `${device}/${image.type.id}`;
        if (this.#done.get(key) === image) done.set(key, image);
        else this.#waiting.set(key, { address, device, typeId: image.type.id });
      }
    }
    this.#done = done;
  }

  next(): LanePublication | undefined {
    for (const [key, place] of this.#waiting) {
      this.#waiting.delete(key);
      const publication = this.#publish(key, place);
      if (publication) return publication;
    }
    return undefined;
  }

  restart(): void {
    this.#done.clear();
    if (this.#options.settings.everyMs > 0) this.look();
  }

  #publish(key: string, { address, device, typeId }: Place): LanePublication | undefined {
    const { hub, topics, settings, onImage } = this.#options;
    const view = hub.picture.findDevice(address);
    const image = view?.media.find(({ type }) => type.id === typeId);
    if (view?.id !== device || !image) return undefined;
    this.#done.set(key, image);
    if (!isPublished(image, settings)) {
      this.#counts.add('tooLarge');
      return undefined;
    }
    this.#counts.add('published');
    onImage(device, image.type.name);
    return {
      topic: topics.field(device, imageLevel(image.type.name)),
      payload: image.bytes,
      retain: true,
      at: image.receivedAt,
      contentType: mediaTypeOf(image),
    };
  }
}
