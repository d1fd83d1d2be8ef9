import { Option } from 'commander';
import type { NodeInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand, joinRows } from '../gateway-command.js';
import { formatAddress } from '../text/address.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatAge, formatMoment } from '../text/time.js';
import { formatNamedValues } from '../text/values.js';
import { colourOfStatus, describeNodeStatus, STATUSES, type Status } from '../text/words.js';
import type { GatewayFlags } from '../with-client.js';

/** In a fleet, with its gateway. */
export type Listed<Row> = Row & { readonly gateway?: string };

interface NodesFlags extends GatewayFlags {
  readonly status?: Status;
}

export function addNodesCommand(program: CliCommand): void {
  gatewayCommand(program, 'nodes', 'all nodes, when each was last heard, and their latest values', {
    'meshgate nodes': 'every node',
    'meshgate nodes --status disconnected': 'only disconnected nodes',
  })
    .addOption(new Option('--status <status>', 'only nodes with this status').choices(STATUSES))
    .action(async (flags: NodesFlags) => {
      await askAndPrint(
        flags,
        (client) => client.nodes({ status: flags.status }),
        ({ nodes }, view) => formatNodes(nodes, view, flags.status),
        (parts) => ({
          nodes: joinRows(parts.map(({ gateway, result }) => ({ gateway, result: result.nodes }))),
        }),
      );
    });
}

/** `status`: the status that was asked for, if any. */
export function formatNodes(nodes: readonly Listed<NodeInfo>[], view: View, status?: Status): string {
  if (nodes.length > 0) return formatTable(nodeColumns(view), nodes, view.terminal);
  return status
    ? `No node is ${status}.\n`
    : 'No nodes yet. To ask the root for its list: meshgate refresh\n';
}

function nodeColumns(view: View): Column<Listed<NodeInfo>>[] {
  return [
    { title: 'ADDRESS', text: ({ address, gateway = view.gateway }) => formatAddress(address, gateway) },
    { title: 'NAME', text: ({ name }) => name, optional: 1 },
    { title: 'STATUS', text: describeNodeStatus, colour: colourOfStatus },
    { title: 'HEARD', text: ({ lastHeardAt }) => ageOf(lastHeardAt, view), align: 'right' },
    { title: 'AT', text: ({ lastHeardAt }) => momentOf(lastHeardAt, view), optional: 2 },
    { title: 'LATEST VALUES', text: ({ values }) => formatNamedValues(values) || '-', flexible: 24 },
  ];
}

function ageOf(at: number | null, { now }: View): string {
  return at === null ? 'never' : formatAge(at, now);
}

function momentOf(at: number | null, view: View): string {
  return at === null ? '-' : formatMoment(at, view);
}
