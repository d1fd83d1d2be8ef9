/**
 * Says on standard error what is asked for but not known to the gateway: a wrong address waits, or is answered with
 * nothing, as one does that has yet to appear.
 */
import { type MeshgateClient, RequestError } from '../client/index.js';
import { formatAddress as formatNumber, ROOT_ADDRESS } from '../protocol/address.js';
import { note } from './output.js';

type NumberOrName = number | string;

/** `meanwhile`: what the command does all the same; `gateway`: of a fleet. Rejects with `NODE_NOT_FOUND` for a name that no node has. */
export async function noteUnknownNode(
  node: NumberOrName | undefined,
  meanwhile: string,
  client: MeshgateClient,
  gateway: string | undefined,
): Promise<void> {
  if (node === undefined || node === ROOT_ADDRESS) return;
  const refusal = await client.node(node).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal === undefined) return;
  if (!(refusal instanceof RequestError) || refusal.code !== 'NODE_NOT_FOUND') throw refusal;
  if (typeof node === 'string') await refuseUnknownName(node, client);
  const name = typeof node === 'string' ? node : formatNumber(node);
  note(`${speaker(gateway)}: no node ${name} is known (yet); ${meanwhile}`);
}

/** A name may be one of the settings, of a node that has not been heard. Rejects with `NODE_NOT_FOUND`. */
async function refuseUnknownName(name: string, client: MeshgateClient): Promise<void> {
  const { subscription } = await client.call('subscribe', { nodes: [name], kinds: ['recovery'] });
  await client.call('unsubscribe', { subscription });
}

/** Messages that opcodes.json does not name may come: of a number only this is said. */
export async function noteUnknownOpcodes(
  opcodes: readonly NumberOrName[],
  client: MeshgateClient,
  gateway: string | undefined,
): Promise<void> {
  const numbers = opcodes.filter((opcode) => typeof opcode === 'number');
  if (numbers.length === 0) return;
  const { messages } = await client.call('opcodes', {});
  for (const number of numbers) {
    if (messages.some(({ opcode }) => opcode === number)) continue;
    note(
      `${speaker(gateway)}: opcodes.json has no message 0x${number.toString(16).padStart(2, '0').toUpperCase()}; waiting for it`,
    );
  }
}

function speaker(gateway: string | undefined): string {
  return gateway === undefined ? 'meshgate' : `meshgate: ${gateway}`;
}
