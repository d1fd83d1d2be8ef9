import { type Command, InvalidArgumentError } from 'commander';
import type { MeshgateClient, StreamEvent, SubscribeOptions } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { splitGateway } from '../../fleet-choice.js';
import { gatewayCommand } from '../../gateway-command.js';
import { noteUnknownNode, noteUnknownOpcodes } from '../../known.js';
import { currentView, type GatewayScope, print } from '../../output.js';
import { formatEvent } from '../../text/event-line.js';
import { type GatewayFlags, withLastingClient } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { ValueJoiner } from './value-joiner.js';
import { EVENT_KINDS, type FilterFlags, readFilter } from './watch-filter.js';

type WatchFlags = GatewayFlags & FilterFlags;

export function addWatchCommand(program: CliCommand): void {
  const command = gatewayCommand(program, 'watch', 'print events of the mesh, decoded, as they happen', {
    'meshgate watch': 'every event',
    'meshgate watch --kind message --node 5': 'only messages of node 0x0005',
  });
  command
    .addOption(listOption(command, '--kind <kinds>', 'only these kinds of events', EVENT_KINDS))
    .addOption(listOption(command, '--node <nodes>', 'only events about these nodes or devices'))
    .addOption(listOption(command, '--opcode <opcodes>', 'only these messages, by name or opcode'))
    .addOption(listOption(command, '--type <types>', 'only values of these data types'))
    .option('--since <seq>', 'start after this event number, as shown by --json')
    .option('--snapshot', 'print the current state first')
    .action((flags: WatchFlags) => watch(flags));
}

/** An option with several values: separated by commas, or given again. */
function listOption(command: Command, usage: string, description: string, allowed?: readonly string[]) {
  const option = command.createOption(usage, description).argParser<string[]>((text, before) => {
    const values = text.split(',').filter(Boolean);
    const wrong = allowed && values.find((value) => !allowed.includes(value));
    if (wrong !== undefined) throw new InvalidArgumentError(`Allowed are ${allowed?.join(', ')}.`);
    return [...(before ?? []), ...values];
  });
  if (allowed) option.argChoices = [...allowed];
  return option;
}

async function watch(flags: WatchFlags): Promise<void> {
  if (!flags.fleetChoice) readFilter(flags);
  const { signal } = abortWhenTerminated();
  await withLastingClient(flags, async (client, scope) => {
    const own = ofGateway(scope.gateway, flags);
    if (!own) return;
    const filter = { ...readFilter(own), signal };
    await noteUnknown(filter, client, scope.gateway);
    await (flags.json ? watchAsJson(filter, client, scope) : watchAsText(filter, client, scope));
  });
}

/** Rejects as the subscription would. */
async function noteUnknown(
  { nodes = [], opcodes = [] }: SubscribeOptions,
  client: MeshgateClient,
  gateway: string | undefined,
): Promise<void> {
  for (const node of nodes) await noteUnknownNode(node, 'waiting for it', client, gateway);
  await noteUnknownOpcodes(opcodes, client, gateway);
}

/** In a fleet a node may be `field-north/0x0005`; undefined if no node is of this gateway. */
function ofGateway(gateway: string | undefined, flags: WatchFlags): WatchFlags | undefined {
  if (gateway === undefined || !flags.node) return flags;
  const node = flags.node.flatMap((each) => {
    const [wanted = gateway, rest] = splitGateway(each);
    return wanted === gateway ? [rest] : [];
  });
  return node.length > 0 ? { ...flags, node } : undefined;
}

async function watchAsJson(
  filter: SubscribeOptions,
  client: MeshgateClient,
  scope: GatewayScope,
): Promise<void> {
  for await (const event of client.subscribe(filter)) scope.printJsonLine(event);
}

async function watchAsText(
  filter: SubscribeOptions,
  client: MeshgateClient,
  { gateway }: GatewayScope,
): Promise<void> {
  const { kinds } = filter;
  const wantsMessages = !kinds || kinds.includes('message');
  const wantsValues = !kinds || kinds.includes('value');
  const subscribed =
    wantsMessages && kinds ? { ...filter, kinds: [...new Set([...kinds, 'value' as const])] } : filter;
  const joiner = new ValueJoiner();
  for await (const event of client.subscribe(subscribed)) {
    const shown = wantsMessages ? joiner.take(event) : [{ event, values: [] }];
    for (const one of shown) {
      if (isWanted(one.event, wantsValues)) print(`${formatEvent(one, currentView(gateway))}\n`);
    }
  }
}

/** Values are hidden with their messages unless they were asked for. */
function isWanted(event: StreamEvent, wantsValues: boolean): boolean {
  return wantsValues || event.kind !== 'value';
}
