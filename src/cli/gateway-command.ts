import type { MeshgateClient } from '../client/index.js';
import type { CliCommand, Examples, Reach } from './cli-command.js';
import { currentView, type GatewayScope, print } from './output.js';
import { paint, type View } from './text/terminal.js';
import { type GatewayFlags, withClients } from './with-client.js';
import type { Of } from './with-fleet.js';

/** Adds a subcommand that talks to one gateway or to a fleet, with the options common to all of them. */
export function gatewayCommand(
  program: CliCommand,
  usage: string,
  description: string,
  examples: Examples,
  reach: Reach = 'all',
): CliCommand {
  return socketCommand(program, usage, description, examples).reaching(reach);
}

/** Adds a subcommand for a gateway on this machine only. */
export function socketCommand(
  program: CliCommand,
  usage: string,
  description: string,
  examples: Examples,
): CliCommand {
  return program
    .command(usage)
    .description(description)
    .examples(examples)
    .option('--socket <path>', 'Unix socket of the gateway (or MESHGATE_SOCKET)')
    .option('--json', 'print JSON, for programs');
}

/**
 * Asks the gateway, or each gateway of a fleet, and prints the result: as JSON, or as text made by `format`. `join`
 * merges the results of a fleet into one table; without it each gateway has its own section.
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

/** Rows of several gateways as one list, each row with its gateway. */
export function joinRows<Row extends object>(
  parts: readonly Of<readonly Row[]>[],
): (Row & { gateway: string })[] {
  return parts.flatMap(({ gateway, result }) => result.map((row) => ({ ...row, gateway })));
}
