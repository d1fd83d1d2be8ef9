import { CLIENT_KINDS } from '../../api/client-kind.js';
import type { ClientInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatDuration, formatMoment } from '../text/time.js';
import type { GatewayFlags } from '../with-client.js';

export function addClientsCommand(program: CliCommand): void {
  gatewayCommand(program, 'clients', 'connected clients: what each was sent, and what it missed', {
    'meshgate clients': 'every client of the gateway',
  }).action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.call('clients', {}),
      ({ clients }, view) => formatClients(clients, view),
    );
  });
}

/** Never empty: the client that asks is in it. */
export function formatClients(clients: readonly ClientInfo[], view: View): string {
  return formatTable(clientColumns(view), clients, view.terminal);
}

function clientColumns(view: View): Column<ClientInfo>[] {
  return [
    { title: 'CLIENT', text: ({ name }) => name },
    { title: 'KIND', text: ({ kind }) => CLIENT_KINDS[kind] },
    { title: 'ROLE', text: ({ role }) => role ?? 'none', optional: 2 },
    { title: 'CONNECTED', text: ({ connectedAt }) => formatDuration(view.now - connectedAt), align: 'right' },
    { title: 'SINCE', text: ({ connectedAt }) => formatMoment(connectedAt, view), optional: 5 },
    { title: 'SENT', text: ({ sent }) => String(sent.messages), align: 'right', optional: 3 },
    { title: 'BYTES', text: ({ sent }) => String(sent.bytes), align: 'right', optional: 4 },
    { title: 'QUEUED BYTES', text: ({ queuedBytes }) => String(queuedBytes), align: 'right', optional: 1 },
    {
      title: 'DROPPED',
      text: ({ dropped }) => String(dropped),
      align: 'right',
      colour: warnAbout('dropped'),
    },
    {
      title: 'COALESCED',
      text: ({ coalesced }) => String(coalesced),
      align: 'right',
      colour: warnAbout('coalesced'),
    },
  ];
}

function warnAbout(what: 'dropped' | 'coalesced'): NonNullable<Column<ClientInfo>['colour']> {
  return (client) => (client[what] > 0 ? 'yellow' : undefined);
}
