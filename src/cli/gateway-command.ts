import type { Command } from 'commander';
import type { MeshgateClient } from '../client/index.js';
import { currentView, print, printJson } from './output.js';
import type { View } from './text/terminal.js';
import { type GatewayFlags, withClient } from './with-client.js';

/** Adds a subcommand that talks to a gateway, with the options that all of them have. */
export function gatewayCommand(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--socket <path>', 'Unix socket of the gateway (or MESHGATE_SOCKET)')
    .option('--json', 'JSON, for programs');
}

/** Asks the gateway and prints what it says: whole for programs, or as `format` puts it for people. */
export async function askAndPrint<Result>(
  flags: GatewayFlags,
  ask: (client: MeshgateClient) => Promise<Result>,
  format: (result: Result, view: View) => string,
): Promise<Result> {
  const result = await withClient(flags, ask);
  if (flags.json) printJson(result);
  else print(format(result, currentView()));
  return result;
}
