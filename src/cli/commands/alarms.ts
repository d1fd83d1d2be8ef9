import type { Command } from 'commander';
import type { AlarmInfo, MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand, joinRows } from '../gateway-command.js';
import { formatSubject, qualified } from '../text/address.js';
import { type Column, formatTable } from '../text/table.js';
import type { Colour, View } from '../text/terminal.js';
import { formatAge, formatMoment } from '../text/time.js';
import type { GatewayFlags } from '../with-client.js';
import type { Listed } from './nodes.js';

export function addAlarmsCommand(program: CliCommand): void {
  const alarms = gatewayCommand(program, 'alarms', 'open alarms: active, or not acknowledged', {
    'meshgate alarms': 'alarms of every node',
    'meshgate alarms ack all': 'acknowledge all of them',
  }).action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.call('alarms', {}),
      (result, view) => formatAlarms(result.alarms, view),
      (parts) => ({
        alarms: joinRows(parts.map(({ gateway, result }) => ({ gateway, result: result.alarms }))),
      }),
    );
  });
  gatewayCommand(alarms, 'ack', 'acknowledge an alarm: it closes once its condition is over', {
    'meshgate alarms ack NODE_DISCONNECTED:5': 'one alarm, by its id',
    'meshgate alarms ack all': 'every alarm',
  })
    .argument('<id>', 'id of the alarm, or all')
    .action(async (id: string, _flags: GatewayFlags, command: Command) => {
      await askAndPrint(
        command.optsWithGlobals<GatewayFlags>(),
        (client) => acknowledge(id, client),
        ({ acknowledged }) =>
          acknowledged.length === 0
            ? 'Nothing to acknowledge.\n'
            : `Acknowledged: ${acknowledged.join(', ')}\n`,
      );
    });
}

async function acknowledge(id: string, client: MeshgateClient): Promise<{ acknowledged: string[] }> {
  const ids = id.toLowerCase() === 'all' ? await unacknowledged(client) : [id];
  for (const each of ids) await client.call('acknowledge', { id: each });
  return { acknowledged: ids };
}

async function unacknowledged(client: MeshgateClient): Promise<string[]> {
  const { alarms } = await client.call('alarms', {});
  return alarms.filter(({ acknowledged }) => !acknowledged).map(({ id }) => id);
}

const PRIORITY_COLOURS: Readonly<Record<AlarmInfo['priority'], Colour | undefined>> = {
  high: 'red',
  medium: 'yellow',
  low: undefined,
};

export function formatAlarms(alarms: readonly Listed<AlarmInfo>[], view: View): string {
  if (alarms.length === 0) return 'No alarms.\n';
  return formatTable(alarmColumns(view), alarms, view.terminal);
}

function alarmColumns(view: View): Column<Listed<AlarmInfo>>[] {
  return [
    { title: 'ID', text: ({ id, gateway = view.gateway }) => qualified(id, gateway) },
    {
      title: 'PRIORITY',
      text: ({ priority }) => priority,
      colour: ({ priority }) => PRIORITY_COLOURS[priority],
    },
    { title: 'STATE', text: describeState },
    { title: 'TIMES', text: ({ count }) => String(count), align: 'right', optional: 3 },
    { title: 'LAST', text: ({ lastAt }) => formatAge(lastAt, view.now), align: 'right', optional: 1 },
    { title: 'AT', text: ({ lastAt }) => formatMoment(lastAt, view), optional: 2 },
    { title: 'WHAT', text: (alarm) => describeAlarm(alarm, view), flexible: 20 },
  ];
}

/** `over`: not acknowledged yet; `acknowledged`: the condition is still active. */
function describeState({ active, acknowledged, restored }: AlarmInfo): string {
  const state = acknowledged ? (active ? 'acknowledged' : 'closed') : active ? 'active' : 'over';
  return restored ? `${state}, restored` : state;
}

export function describeAlarm({ node, device, text, gateway }: Listed<AlarmInfo>, view: View): string {
  return node === null ? text : `${formatSubject({ node, device }, gateway ?? view.gateway)}: ${text}`;
}
