import { cleanText } from '../../base/clean-text.js';
import { MeshgateError } from '../../base/errors.js';
import type { DeliveryInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { EXIT, endWith } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import { noteUnknownNode } from '../known.js';
import { formatAddress, parseNode } from '../text/address.js';
import { formatBytes, parseHex } from '../text/hex.js';
import { parseSeconds } from '../text/numbers.js';
import type { View } from '../text/terminal.js';
import { wrap } from '../text/wrap.js';
import type { GatewayFlags } from '../with-client.js';

interface MessageFlags extends GatewayFlags {
  readonly hex?: string;
}

interface SendFlags extends MessageFlags {
  readonly tracked?: true;
  readonly wait?: true;
  readonly timeout?: string;
}

export function addSendCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'send',
    'send a message to a node, or to the root (address 0)',
    {
      'meshgate send 5 hello': 'send text to node 0x0005',
      'meshgate send 5 --hex 45:01:02 --wait': 'send bytes, and wait for the answer',
    },
    'one',
  )
    .argument('<node>', 'address (5, 0x5) or name')
    .argument('[text...]', 'the message as text')
    .option('--hex <bytes>', 'the message as bytes in hex')
    .option('--tracked', 'make the root resend it until it is acknowledged')
    .option('--wait', 'wait until the node answers')
    .option('--timeout <s>', 'time to wait, in seconds (default: 5)')
    .action(async (node: string, text: readonly string[], flags: SendFlags) => {
      const params = {
        node: parseNode(node),
        ...readMessage(text, flags),
        tracked: flags.tracked ?? false,
        until: flags.wait ? ('answered' as const) : ('written' as const),
        timeoutMs: parseSeconds(flags.timeout),
      };
      const deliveries = await askAndPrint(
        flags,
        async (client, { gateway }) => {
          await noteUnknownNode(params.node, 'sending anyway', client, gateway);
          return client.send(params);
        },
        formatDelivery,
      );
      if (flags.wait && deliveries.some(({ stage }) => stage !== 'answered')) endWith(EXIT.failed);
    });
}

export function addBroadcastCommand(program: CliCommand): void {
  gatewayCommand(program, 'broadcast', 'send a message to all nodes', {
    'meshgate broadcast hello': 'send text',
    'meshgate broadcast --hex 45:01:02': 'send bytes',
  })
    .argument('[text...]', 'the message as text')
    .option('--hex <bytes>', 'the message as bytes in hex')
    .action(async (text: readonly string[], flags: MessageFlags) => {
      const message = readMessage(text, flags);
      await askAndPrint(flags, (client) => client.broadcast(message), formatDelivery);
    });
}

/** Throws `BAD_USAGE`. */
function readMessage(words: readonly string[], { hex }: MessageFlags): { text: string } | { hex: string } {
  const text = words.join(' ');
  if ((text === '') === (hex === undefined)) {
    throw new MeshgateError('BAD_USAGE', 'give the message either as text or with --hex');
  }
  return hex === undefined ? { text } : { hex: parseHex(hex) };
}

const STAGES: Readonly<Record<DeliveryInfo['stage'], string>> = {
  queued: 'waiting to be written to the root',
  written: 'written to the root; delivery to the node is not confirmed',
  answered: 'answered',
  uncertain: 'uncertain: the root lost part of a message, possibly of this one',
  failed: 'failed',
  accepted: 'accepted by the device',
  progress: 'in progress',
  completed: 'completed',
  aborted: 'aborted',
};

/** State of a delivery, and the command that shows it later. */
export function formatDelivery(delivery: DeliveryInfo, { terminal, gateway }: View): string {
  const { id, to, message, stage, detail, answer, roundTripMs } = delivery;
  const [fleet, only] = gateway === undefined ? ['', ''] : ['--fleet URL ', `--gateway ${gateway} `];
  const target = to === null ? 'all nodes' : formatAddress(to, gateway);
  const time = roundTripMs === null ? '' : ` in ${Math.round(roundTripMs)} ms`;
  const reply = answer === null ? '' : `: ${formatBytes(answer)}`;
  const reason = detail ? `: ${detail}` : '';
  const lines = [
    `${formatBytes(message)} to ${target}: ${STAGES[stage]}${time}${reply}${reason}`,
    `for its state later: meshgate ${fleet}explain ${only}--delivery ${id}`,
  ];
  return lines.map((line) => `${wrap(cleanText(line), terminal.columns).join('\n')}\n`).join('');
}
