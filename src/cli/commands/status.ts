import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { Result } from '../results.js';
import { formatFacts } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatDuration, formatMoment, formatWhen } from '../text/time.js';
import { describeHistory, describeLink, describeStatusCounts } from '../text/words.js';
import type { GatewayFlags } from '../with-client.js';

export function addStatusCommand(program: CliCommand): void {
  gatewayCommand(program, 'status', 'state of the gateway, its link, the root and the nodes', {
    'meshgate status': 'one line for each part',
    'meshgate status --json': 'the same, for programs',
  }).action(async (flags: GatewayFlags) => {
    const paths = new Map<object, string>();
    await askAndPrint(
      flags,
      async (client) => {
        const status = await client.status();
        paths.set(status, client.path);
        return status;
      },
      (status, view) => formatStatus(status, paths.get(status) ?? '', view),
    );
  });
}

/** `path`: socket of the gateway; in a fleet, its id. */
export function formatStatus(status: Result<'status'>, path: string, view: View): string {
  const { version, pid, startedAt, uptimeMs, link, root, nodes, clients, history, openAlarms } = status;
  const isOfFleet = view.gateway !== undefined;
  const since = formatMoment(startedAt, view);
  return formatFacts(
    [
      ['gateway', `meshgate ${version}, process ${pid}, up ${formatDuration(uptimeMs)} (since ${since})`],
      [isOfFleet ? 'id' : 'socket', path],
      // The address of a remote dashboard is valid only on its own machine.
      ...(isOfFleet ? [] : [['dashboard', describeDashboard(status)] as const]),
      ['link', describeLink(link, view)],
      ['root', describeRoot(root, view)],
      ['nodes', describeStatusCounts(nodes.byStatus)],
      ...describeDevices(status),
      ['history', describeHistory(history)],
      ['alarms', openAlarms === 0 ? 'none' : `${openAlarms} open; to list them: meshgate alarms`],
      ['clients', describeClients(clients)],
    ],
    view.terminal,
  );
}

function describeClients({ sessions, listening, dropped, coalesced }: Result<'status'>['clients']): string {
  const counts = `${sessions} in sessions, ${listening} listening`;
  if (dropped + coalesced === 0) return counts;
  return `${counts}; missed by slow readers: ${dropped} events, ${coalesced} values; for details: meshgate clients`;
}

/** Left out without devices, and for an older gateway, which does not report them. */
function describeDevices({ devices }: Partial<Result<'status'>>): (readonly [string, string])[] {
  if (!devices || devices.total === 0) return [];
  return [['devices', `${describeStatusCounts(devices.byStatus)}; to list them: meshgate devices`]];
}

/** An older gateway does not report it. */
function describeDashboard({ dashboard }: Result<'status'>): string {
  if (dashboard === undefined) return 'unknown';
  return dashboard ?? 'none';
}

function describeRoot({ lastHeardAt, resets }: Result<'status'>['root'], view: View): string {
  const heard = lastHeardAt === null ? 'never heard' : `heard ${formatWhen(lastHeardAt, view)}`;
  return resets === 0
    ? heard
    : `${heard}; ${resets} restart${resets === 1 ? '' : 's'} since the gateway started`;
}
