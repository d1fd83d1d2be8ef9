import type { EventKind } from '../../../client/index.js';
import { currentView, print, printJsonLine } from '../../output.js';
import { formatEvent } from '../../text/event-line.js';
import { type GatewayFlags, withLastingClient } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';

const KINDS: EventKind[] = ['value', 'delivery', 'alarm'];

/** Prints values, commands and alarms of one device, such as `hv:1`, until the process is terminated. */
export async function watchDevice(device: string, flags: GatewayFlags): Promise<void> {
  const { signal } = abortWhenTerminated();
  await withLastingClient(flags, async (client) => {
    for await (const event of client.subscribe({ kinds: KINDS, nodes: [device], signal })) {
      if (flags.json) printJsonLine(event);
      else print(`${formatEvent({ event, values: [] }, currentView())}\n`);
    }
  });
}
