import type { MeshgateClient } from '../../../client/index.js';
import { formatAddress } from '../../text/address.js';
import { formatTable } from '../../text/table.js';
import type { Colour, View } from '../../text/terminal.js';

/** One ping and its result; `number` counts from 1 for each node. */
export interface Ping extends Awaited<ReturnType<MeshgateClient['ping']>> {
  readonly name: string;
  readonly number: number;
}

/** Times are ms; null if no ping was answered. */
export interface PingSummary {
  readonly node: number;
  readonly name: string;
  readonly sent: number;
  readonly answered: number;
  readonly lossPercent: number;
  readonly leastMs: number | null;
  readonly meanMs: number | null;
  readonly mostMs: number | null;
}

/** `0x0005 Node-5: 1040 ms (1)`. */
export function formatPing(
  { node, name, number, answered, roundTripMs, detail }: Ping,
  gateway: string | undefined,
): string {
  const address = formatAddress(node, gateway);
  const who = name === address ? name : `${address} ${name}`;
  const result = answered ? milliseconds(roundTripMs) : (detail ?? 'no answer in time');
  return `${who}, ping ${number}: ${result}\n`;
}

/** Sorted by address. */
export function summarise(pings: readonly Ping[]): PingSummary[] {
  const nodes = [...new Set(pings.map(({ node }) => node))].sort((a, b) => a - b);
  return nodes.map((node) => summariseOne(pings.filter((ping) => ping.node === node)));
}

function summariseOne(pings: readonly Ping[]): PingSummary {
  const times = pings.flatMap(({ roundTripMs }) => (roundTripMs === null ? [] : [roundTripMs]));
  const answered = pings.filter((ping) => ping.answered).length;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return {
    node: pings[0]?.node ?? 0,
    name: pings[0]?.name ?? '',
    sent: pings.length,
    answered,
    lossPercent: Math.round(((pings.length - answered) / pings.length) * 100),
    leastMs: times.length > 0 ? Math.min(...times) : null,
    meanMs: times.length > 0 ? Math.round(mean * 10) / 10 : null,
    mostMs: times.length > 0 ? Math.max(...times) : null,
  };
}

export function formatPingSummary(nodes: readonly PingSummary[], { terminal, gateway }: View): string {
  if (nodes.length === 0) return 'No nodes to ping.\n';
  const right = { align: 'right' } as const;
  const table = formatTable(
    [
      { title: 'ADDRESS', text: ({ node }: PingSummary) => formatAddress(node, gateway) },
      { title: 'NAME', text: ({ name }) => name, optional: 3 },
      { title: 'SENT', text: ({ sent }) => String(sent), ...right, optional: 2 },
      { title: 'ANSWERED', text: ({ answered }) => String(answered), ...right },
      { title: 'LOSS', text: ({ lossPercent }) => `${lossPercent} %`, colour: colourOfLoss, ...right },
      { title: 'MIN', text: ({ leastMs }) => milliseconds(leastMs), ...right, optional: 1 },
      { title: 'MEAN', text: ({ meanMs }) => milliseconds(meanMs), ...right },
      { title: 'MAX', text: ({ mostMs }) => milliseconds(mostMs), ...right, optional: 1 },
    ],
    nodes,
    terminal,
  );
  return `\n${table}`;
}

function colourOfLoss({ lossPercent }: PingSummary): Colour {
  if (lossPercent === 0) return 'green';
  return lossPercent === 100 ? 'red' : 'yellow';
}

function milliseconds(ms: number | null): string {
  return ms === null ? '-' : `${Math.round(ms)} ms`;
}
