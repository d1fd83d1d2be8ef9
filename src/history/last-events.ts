import type { HubEvent } from '../hub/hub.js';
import { toJson } from './event-record.js';
import type { LastOfKind } from './holdings.js';

type Kept = Extract<HubEvent, { kind: LastOfKind['kind'] }>;

/** The last paths, robots and connected board: the state that survives a restart besides nodes and alarms. */
export class LastEvents {
  readonly #events = new Map<LastOfKind['kind'], Kept | LastOfKind>();

  /** Adds an event of an earlier run, unless there is a newer one. */
  restore(event: LastOfKind): void {
    if (!this.#events.has(event.kind)) this.#events.set(event.kind, event);
  }

  note(event: HubEvent): void {
    if (event.kind === 'paths' || event.kind === 'robots') this.#events.set(event.kind, event);
    if (event.kind === 'link' && event.status.identity !== undefined) this.#events.set('link', event);
  }

  all(): LastOfKind[] {
    return [...this.#events.values()].map((event) => ('detail' in event ? event : asStored(event)));
  }
}

function asStored({ seq, at, ...content }: Kept): LastOfKind {
  return { seq, at, kind: content.kind, detail: toJson(content) };
}
