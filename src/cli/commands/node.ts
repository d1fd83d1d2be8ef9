import type { AgedValue, NodeInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { formatAddress, parseNode } from '../text/address.js';
import { type Column, formatFacts, formatTable } from '../text/table.js';
import { paint, type View } from '../text/terminal.js';
import { formatAge, formatMoment, formatWhen } from '../text/time.js';
import { formatValue } from '../text/values.js';
import { colourOfStatus, describeNodeStatus } from '../text/words.js';
import type { GatewayFlags } from '../with-client.js';

export function addNodeCommand(program: CliCommand): void {
  gatewayCommand(program, 'node', 'one node or device with its latest values', {
    'meshgate node 5': 'node 0x0005',
    'meshgate node Pump-North': 'a node by its name',
  })
    .argument('<node>', 'address (5, 0x5), name, or id of a device')
    .action(async (node: string, flags: GatewayFlags) => {
      const wanted = parseNode(node);
      await askAndPrint(flags, (client) => client.node(wanted), formatNode);
    });
}

export function formatNode(node: NodeInfo, view: View): string {
  const { address, device, name, uuid, lastHeardAt, values } = node;
  const who = device ?? `${formatAddress(address, view.gateway)}  ${name}`;
  const title = `${who}  ${paint(describeNodeStatus(node), colourOfStatus(node), view.terminal)}\n`;
  const facts = formatFacts(
    [
      ['last heard', lastHeardAt === null ? 'never' : formatWhen(lastHeardAt, view)],
      ...(device === undefined ? [['uuid', uuid ?? 'unknown'] as [string, string]] : []),
    ],
    view.terminal,
  );
  const table =
    values.length > 0 ? formatTable(valueColumns(values, view), values, view.terminal) : 'No values yet.\n';
  return `${title}${facts}\n${table}`;
}

export function valueColumns(values: readonly AgedValue[], view: View): Column<AgedValue>[] {
  const columns: Column<AgedValue>[] = [
    { title: 'TYPE', text: ({ type }) => type },
    { title: 'VALUE', text: formatValue, flexible: 44 },
    { title: 'RECEIVED', text: ({ receivedAt }) => formatAge(receivedAt, view.now), align: 'right' },
    { title: 'AT', text: ({ receivedAt }) => formatMoment(receivedAt, view), optional: 1 },
  ];
  return [...columns, ...deviceTimeColumn(values, view)];
}

/** Left out if no value has one: most devices have no clock. */
export function deviceTimeColumn<Row extends Pick<AgedValue, 'deviceTime'>>(
  values: readonly Row[],
  view: View,
): Column<Row>[] {
  if (values.every(({ deviceTime }) => deviceTime === null)) return [];
  const text = ({ deviceTime }: Row) => (deviceTime === null ? '-' : formatMoment(deviceTime, view));
  return [{ title: 'DEVICE TIME', text, optional: 2 }];
}
