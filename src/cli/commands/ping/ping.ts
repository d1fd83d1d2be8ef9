import type { MeshgateClient } from '../../../client/index.js';
import { ALL_NODES, nameKey } from '../../../protocol/names.js';
import type { CliCommand } from '../../cli-command.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { gatewayCommand } from '../../gateway-command.js';
import { noteUnknownNode } from '../../known.js';
import { currentView, type GatewayScope, print } from '../../output.js';
import { formatAddress, parseNode } from '../../text/address.js';
import { parseSeconds, parseWhole } from '../../text/numbers.js';
import { type GatewayFlags, withClients } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { formatPing, formatPingSummary, type Ping, summarise } from './ping-summary.js';

interface PingFlags extends GatewayFlags {
  readonly count: string;
  readonly timeout?: string;
}

interface Target {
  readonly address: number;
  readonly name: string;
}

interface Run {
  readonly client: MeshgateClient;
  readonly count: number;
  readonly timeoutMs: number | undefined;
  /** Aborted by Ctrl-C; the results so far are still summarised. */
  readonly signal: AbortSignal;
  readonly onPing: (ping: Ping) => void;
}

/** Nodes pinged at the same time: more would only queue in the mesh. */
const CONCURRENT_PINGS = 8;

export function addPingCommand(program: CliCommand): void {
  gatewayCommand(program, 'ping', 'send Echo to nodes and wait for the Ack: round-trip time and loss', {
    'meshgate ping all': 'three pings to every node',
    'meshgate ping 5 -c 10': 'ten pings to node 0x0005',
  })
    .argument('<node>', 'address (5, 0x5), name, or all')
    .option('-c, --count <n>', 'number of pings to each node', '3')
    .option('--timeout <s>', 'time to wait for each answer, in seconds (default: 5)')
    .action(async (node: string, flags: PingFlags) => {
      const { signal } = abortWhenTerminated();
      await withClients(flags, (client, scope) => ping(node, flags, client, scope, signal));
    });
}

async function ping(
  node: string,
  flags: PingFlags,
  client: MeshgateClient,
  scope: GatewayScope,
  signal: AbortSignal,
): Promise<void> {
  const count = parseWhole(flags.count, 1, 'number of pings');
  const timeoutMs = parseSeconds(flags.timeout);
  const targets = await findTargets(node, client, scope.gateway);
  const pings: Ping[] = [];
  const onPing = (one: Ping) => {
    pings.push(one);
    if (!flags.json) print(formatPing(one, scope.gateway));
  };
  await pingAll(targets, { client, count, timeoutMs, signal, onPing });
  const nodes = summarise(pings);
  if (flags.json) scope.printJson({ pings, nodes });
  else print(formatPingSummary(nodes, currentView(scope.gateway)));
  if (pings.length === 0 || pings.some(({ answered }) => !answered)) endWith(EXIT.failed);
}

/** An unknown node can be pinged by its address. */
async function findTargets(
  node: string,
  client: MeshgateClient,
  gateway: string | undefined,
): Promise<Target[]> {
  if (nameKey(node) === ALL_NODES) return (await client.nodes()).nodes;
  const wanted = parseNode(node);
  if (typeof wanted === 'string') return [await client.node(wanted)];
  await noteUnknownNode(wanted, 'pinging it anyway', client, gateway);
  const known = (await client.nodes()).nodes.find(({ address }) => address === wanted);
  return [known ?? { address: wanted, name: formatAddress(wanted, gateway) }];
}

async function pingAll(targets: readonly Target[], run: Run): Promise<void> {
  const waiting = [...targets];
  const work = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) await pingOne(target, run);
  };
  await Promise.all(Array.from({ length: CONCURRENT_PINGS }, work));
}

/** Rejects if the gateway refuses, or the link is lost. */
async function pingOne(
  { address, name }: Target,
  { client, count, timeoutMs, signal, onPing }: Run,
): Promise<void> {
  for (let number = 1; number <= count && !signal.aborted; number++) {
    const result = await client
      .ping({ node: address, timeoutMs }, { signal })
      .catch((error: unknown) => (signal.aborted ? undefined : Promise.reject(error)));
    if (result) onPing({ ...result, name, number });
  }
}
