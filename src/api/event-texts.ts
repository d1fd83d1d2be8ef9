import type { HubEvent } from '../hub/hub.js';
import { describeEvent } from './describe.js';

/** Events as JSON. Each is serialized once for all clients, and the text is kept as long as the event. */
export class EventTexts {
  readonly #texts = new WeakMap<HubEvent, string>();

  of(event: HubEvent): string {
    const known = this.#texts.get(event);
    if (known !== undefined) return known;
    const text = JSON.stringify(describeEvent(event));
    this.#texts.set(event, text);
    return text;
  }
}
