import { SESSION_ERRORS } from '../../api/errors.js';
import { type MeshgateClient, RequestError } from '../../client/index.js';
import { isOpen } from '../../link/link-keeper.js';
import type { CliCommand } from '../cli-command.js';
import { EXIT, endWith } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { note } from '../output.js';
import { describeStatusCounts } from '../text/words.js';
import type { GatewayFlags } from '../with-client.js';

export function addRefreshCommand(program: CliCommand): void {
  gatewayCommand(program, 'refresh', 'ask the root for its list of nodes', {
    'meshgate refresh': 'update the list now',
  }).action(async (flags: GatewayFlags) => {
    const answers = await askAndPrint(flags, refreshNodes, ({ fresh, nodes }) =>
      fresh ? `List of nodes received. Known nodes: ${describeStatusCounts(nodes.byStatus)}.\n` : '',
    );
    if (answers.some(({ fresh }) => !fresh)) reportSilence();
  });
}

async function refreshNodes(client: MeshgateClient) {
  const fresh = await refresh('nodes', client);
  const { nodes } = await client.status();
  return { fresh, nodes };
}

/** True if the root answered in time. Rejects with `LINK_DOWN` if there is no link. */
export async function refresh(what: 'nodes' | 'paths', client: MeshgateClient): Promise<boolean> {
  const { fresh } = await client.call('refresh', { what });
  if (fresh) return true;
  const { link } = await client.status();
  if (isOpen(link)) return false;
  throw new RequestError('LINK_DOWN', link.detail ?? SESSION_ERRORS.LINK_DOWN.text);
}

/** The root did not answer. */
export function reportSilence(): void {
  note('meshgate: the root did not answer within 2 s\n  to find the cause: meshgate doctor');
  endWith(EXIT.failed);
}
