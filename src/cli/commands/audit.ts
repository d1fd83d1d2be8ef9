import type { Result } from '../../client/rpc-core.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatMoment } from '../text/time.js';
import type { GatewayFlags } from '../with-client.js';

type Entry = Result<'audit'>['entries'][number];

/** Entries shown. */
const LAST = 100;

export function addAuditCommand(program: CliCommand): void {
  gatewayCommand(program, 'audit', 'who restarted or cleaned the root, or released its port', {
    'meshgate audit': `the last ${LAST} actions`,
  }).action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.call('audit', { limit: LAST }),
      ({ entries }, view) => formatAudit(entries, view),
    );
  });
}

export function formatAudit(entries: readonly Entry[], view: View): string {
  if (entries.length === 0) return 'No actions recorded.\n';
  return formatTable(columns(view), entries, view.terminal);
}

function columns(view: View): Column<Entry>[] {
  return [
    { title: 'AT', text: ({ at }) => formatMoment(at, view) },
    { title: 'ACTION', text: ({ action }) => action },
    { title: 'OUTCOME', text: ({ outcome }) => outcome },
    { title: 'CLIENT', text: ({ client }) => client, optional: 1 },
    { title: 'VIA', text: ({ via }) => via, flexible: 20 },
  ];
}
