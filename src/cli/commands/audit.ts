import type { Result } from '../../client/rpc-core.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatMoment } from '../text/time.js';
import type { GatewayFlags } from '../with-client.js';

type Entry = Result<'audit'>['entries'][number];

/** What a person looks through at once. */
const LAST = 100;

export function addAuditCommand(program: CliCommand): void {
  gatewayCommand(program, 'audit', 'who reset or cleaned the root, or took its port').action(
    async (flags: GatewayFlags) => {
      await askAndPrint(
        flags,
        (client) => client.call('audit', { limit: LAST }),
        ({ entries }, view) => formatAudit(entries, view),
      );
    },
  );
}

export function formatAudit(entries: readonly Entry[], view: View): string {
  if (entries.length === 0) return 'Nothing was done that is recorded.\n';
  return formatTable(columns(view), entries, view.terminal);
}

function columns(view: View): Column<Entry>[] {
  return [
    { title: 'AT', text: ({ at }) => formatMoment(at, view) },
    { title: 'WHAT', text: ({ action }) => action },
    { title: 'OUTCOME', text: ({ outcome }) => outcome },
    { title: 'CLIENT', text: ({ client }) => client, optional: 1 },
    { title: 'BY', text: ({ via }) => via, flexible: 20 },
  ];
}
