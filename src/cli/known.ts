/**
 * Notes on standard error about nodes and opcodes that the gateway does not know. They are not errors: a node may yet
 * appear, and until it does a mistyped address looks the same.
 */
import { type MeshgateClient, RequestError } from '../client/index.js';
import { formatAddress as formatNumber, ROOT_ADDRESS } from '../protocol/address.js';
import { note } from './output.js';

type NumberOrName = number | string;

/**
 * `meanwhile`: what the command does anyway; `gateway`: of a fleet. Rejects with `NODE_NOT_FOUND` if no node has this
 * name.
 */
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
  note(`${prefixFor(gateway)}: node ${name} is not known yet; ${meanwhile}`);
}

/** The settings may name a node that has not been heard yet. Rejects with `NODE_NOT_FOUND`. */
async function refuseUnknownName(name: string, client: MeshgateClient): Promise<void> {
  const { subscription } = await client.call('subscribe', { nodes: [name], kinds: ['recovery'] });
  await client.call('unsubscribe', { subscription });
}

/** A number that opcodes.json does not list may still arrive: only a note. */
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
      `${prefixFor(gateway)}: opcodes.json does not list 0x${number.toString(16).padStart(2, '0').toUpperCase()}; waiting for it`,
    );
  }
}

function prefixFor(gateway: string | undefined): string {
  return gateway === undefined ? 'meshgate' : `meshgate: ${gateway}`;
}
