import type { MeshEvent } from '../../src/api/shapes.js';
import { connect, type SubscribeOptions } from '../../src/client/index.js';
import { Numbering } from './numbering.js';
import type { Visit } from './visitor.js';

/** Findings of subscribers; shared by all of one kind. */
export class SubscriberRecord {
  events = 0;
  snapshots = 0;
  gaps = 0;
  /** Events that do not match the filter, or numbers missing without a gap notice. */
  faults = 0;
}

/** Reads a subscription. `isWanted`: what the filter lets through. */
export function subscriber(
  socket: string,
  options: SubscribeOptions,
  record: SubscriberRecord,
  isWanted: (event: MeshEvent) => boolean = () => true,
): Visit {
  return {
    async run(leave) {
      const client = await connect({ socket, signal: leave, reconnect: false });
      for await (const event of client.subscribe(options)) {
        if (event.kind === 'gap') record.gaps++;
        else if (event.kind === 'snapshot') record.snapshots++;
        else {
          record.events++;
          if (!isWanted(event)) record.faults++;
        }
      }
    },
  };
}

/** Reads all events; at each visit it resumes after the last one received. */
export function resumer(socket: string, record: SubscriberRecord): Visit {
  const numbering = new Numbering();
  return {
    async run(leave) {
      const client = await connect({ socket, signal: leave, reconnect: false });
      const since = numbering.last;
      for await (const event of client.subscribe(since === undefined ? {} : { since })) {
        if (event.kind === 'snapshot') continue;
        if (event.kind === 'gap') {
          record.gaps++;
          numbering.onGap(event.from, event.to);
        } else {
          record.events++;
          numbering.onEvent(event.seq);
        }
        record.faults += numbering.takeFaults();
      }
    },
  };
}
