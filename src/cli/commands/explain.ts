import { cleanText } from '../../base/clean-text.js';
import { MeshgateError } from '../../base/errors.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { parseNode } from '../text/address.js';
import type { GatewayFlags } from '../with-client.js';

interface ExplainFlags extends GatewayFlags {
  readonly delivery?: string;
}

export function addExplainCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'explain',
    'why a node or device has its status, or what became of a message or command',
    {
      'meshgate explain 5': 'why node 0x0005 is active, idle or disconnected',
      'meshgate explain --delivery mwpz35ns-1': 'what happened to a sent message or command',
    },
  )
    .argument('[node]', 'address (5, 0x5), name, or id of a device')
    .option('--delivery <id>', 'the message or command, by the id that was printed')
    .action(async (node: string | undefined, flags: ExplainFlags) => {
      const wanted = readWanted(node, flags.delivery);
      await askAndPrint(
        flags,
        (client) => client.call('explain', wanted),
        ({ facts }) => formatExplanation(flags.delivery ? [`delivery ${flags.delivery}`, ...facts] : facts),
      );
    });
}

/** Throws `BAD_USAGE`. */
function readWanted(node: string | undefined, delivery: string | undefined) {
  if ((node === undefined) === (delivery === undefined)) {
    throw new MeshgateError('BAD_USAGE', 'give either a node or --delivery ID');
  }
  return node === undefined ? { delivery } : { node: parseNode(node) };
}

/** The conclusion first, then its facts. */
export function formatExplanation(facts: readonly string[]): string {
  const [first = '', ...rest] = facts.map(cleanText);
  return `${[first, ...rest.map((fact) => `  ${fact}`)].join('\n')}\n`;
}
