import type { MeshEvent, StreamEvent } from '../../../client/index.js';
import type { JoinedEvent } from '../../text/event-line.js';

type ValueEvent = Extract<MeshEvent, { kind: 'value' }>;

/**
 * Joins a message with its values, which arrive as separate events numbered directly before it. Values of devices have
 * no message.
 */
export class ValueJoiner {
  #values: ValueEvent[] = [];

  /** The events ready for display; values without a message stay separate. */
  take(event: StreamEvent): JoinedEvent[] {
    if (event.kind === 'value' && event.value.device === undefined) return this.#hold(event);
    const held = this.#values;
    this.#values = [];
    if (event.kind !== 'message') return [...held.map(alone), alone(event)];
    const isOurs = held.at(-1)?.seq === event.seq - 1 && held.at(-1)?.value.node === event.message.from;
    if (!isOurs) return [...held.map(alone), alone(event)];
    return [{ event, values: held.map(({ value }) => value) }];
  }

  #hold(event: ValueEvent): JoinedEvent[] {
    const last = this.#values.at(-1);
    const isNext = last === undefined || (last.seq === event.seq - 1 && last.value.node === event.value.node);
    const passed = isNext ? [] : this.#values.map(alone);
    this.#values = isNext ? [...this.#values, event] : [event];
    return passed;
  }
}

function alone(event: StreamEvent): JoinedEvent {
  return { event, values: [] };
}
