import type { MeshgateClient } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { Result } from '../results.js';
import { formatAddress } from '../text/address.js';
import { formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import type { GatewayFlags } from '../with-client.js';
import { refresh, reportSilence } from './refresh.js';

type Path = Result<'paths'>['paths'][number];

export function addPathsCommand(program: CliCommand): void {
  gatewayCommand(program, 'paths', 'ask the root for its direct-forwarding paths', {
    'meshgate paths': 'origin and target of every path',
  }).action(async (flags: GatewayFlags) => {
    const answers = await askAndPrint(flags, askPaths, ({ paths }, view) => formatPaths(paths, view));
    if (answers.some(({ fresh }) => !fresh)) reportSilence();
  });
}

async function askPaths(client: MeshgateClient): Promise<{ fresh: boolean; paths: Path[] }> {
  const fresh = await refresh('paths', client);
  return { fresh, ...(await client.call('paths', {})) };
}

export function formatPaths(paths: readonly Path[], { terminal, gateway }: View): string {
  if (paths.length === 0) return 'No paths reported by the root.\n';
  return formatTable(
    [
      { title: 'ORIGIN', text: ({ origin }: Path) => formatAddress(origin, gateway) },
      { title: 'TARGET', text: ({ target }) => formatAddress(target, gateway) },
    ],
    paths,
    terminal,
  );
}
