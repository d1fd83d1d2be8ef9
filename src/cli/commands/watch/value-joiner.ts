import type { MeshEvent, StreamEvent } from '../../../client/index.js';
import type { JoinedEvent } from '../../text/event-line.js';

type ValueEvent = Extract<MeshEvent, { kind: 'value' }>;

/**
 * Puts a message and what it carried together again: its values come as events of their own, with the numbers right
 * before the message's. Values of devices belong to no message.
 */
export class ValueJoiner {
  #values: ValueEvent[] = [];

  /** What can be shown now: values that belong to no message by themselves. */
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
