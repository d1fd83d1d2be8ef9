import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryInfo, MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { EXIT, endWith } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';
import { formatCommand, hasEnded } from './command/format-command.js';

/** A device has 5 s to confirm an abort; the stage `aborted` follows in any case. */
const WAIT_MS = 7000;
const LOOK_MS = 200;

export function addAbortCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'abort',
    'abort a command that a device is carrying out',
    { 'meshgate abort mwpz35ns-1': 'by the id that the command printed' },
    'one',
  )
    .argument('<delivery>', 'id of the delivery')
    .action(async (delivery: string, flags: GatewayFlags) => {
      const ended = await askAndPrint(
        flags,
        (client) => abort(delivery, client),
        (result, view) => formatCommand(result, false, view),
      );
      if (ended.some(({ stage }) => stage !== 'aborted')) endWith(EXIT.failed);
    });
}

/** Resolves with its end, or with its state after 7 s. */
async function abort(id: string, client: MeshgateClient): Promise<DeliveryInfo> {
  let delivery = await client.abort(id);
  const end = performance.now() + WAIT_MS;
  while (!hasEnded(delivery) && performance.now() < end) {
    await pause(LOOK_MS);
    delivery = await client.call('delivery', { id });
  }
  return delivery;
}
