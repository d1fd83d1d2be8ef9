import type { MeshgateClient } from '../client/index.js';
import type { CliCommand, Reach } from './cli-command.js';
import { currentView, type GatewayScope, print } from './output.js';
import { paint, type View } from './text/terminal.js';
import { type GatewayFlags, withClients } from './with-client.js';
import type { Of } from './with-fleet.js';

/** Adds a subcommand that talks to a gateway, or to those of a fleet, with the options that all of them have. */
export function gatewayCommand(
  program: CliCommand,
  usage: string,
  description: string,
  reach: Reach = 'all',
): CliCommand {
  return socketCommand(program, usage, description).reaching(reach);
}

/** The same for a gateway on this machine only. */
export function socketCommand(program: CliCommand, usage: string, description: string): CliCommand {
  return program
    .command(usage)
    .description(description)
    .option('--socket <path>', 'Unix socket of the gateway (or MESHGATE_SOCKET)')
    .option('--json', 'JSON, for programs');
}

/**
 * Asks the gateway, or each of a fleet, and prints what it says: whole for programs, or as `format` puts it for people.
 * `join` makes one answer of those of a fleet, for one table; without it each gateway has a part of its own.
 */
export async function askAndPrint<Result>(
  flags: GatewayFlags,
  ask: (client: MeshgateClient, scope: GatewayScope) => Promise<Result>,
  format: (result: Result, view: View) => string,
  join?: (parts: readonly Of<Result>[]) => Result,
): Promise<Result[]> {
  const parts = await withClients(flags, async (client, scope) => {
    const result = await ask(client, scope);
    if (flags.json) scope.printJson(result);
    return result;
  });
  if (!flags.json) printParts(parts, format, join);
  return parts.map(({ result }) => result);
}

function printParts<Result>(
  parts: readonly (Of<Result> | { readonly gateway?: undefined; readonly result: Result })[],
  format: (result: Result, view: View) => string,
  join?: (parts: readonly Of<Result>[]) => Result,
): void {
  const view = currentView();
  const ofFleet = parts.filter((part) => part.gateway !== undefined);
  if (ofFleet.length === 0) {
    for (const { result } of parts) print(format(result, view));
  } else if (join) print(format(join(ofFleet), view));
  else {
    const texts = ofFleet.map(({ gateway, result }) => {
      const text = format(result, { ...view, gateway });
      return text && `${paint(gateway, 'bold', view.terminal)}\n${text}`;
    });
    print(texts.filter(Boolean).join('\n'));
  }
}

/** Rows of several gateways as one list, each row with the gateway that it is from. */
export function joinRows<Row extends object>(
  parts: readonly Of<readonly Row[]>[],
): (Row & { gateway: string })[] {
  return parts.flatMap(({ gateway, result }) => result.map((row) => ({ ...row, gateway })));
}
