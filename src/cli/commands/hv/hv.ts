/** `meshgate hv`: the high-voltage supply `hv:1`. */
import { MeshgateError } from '../../../base/errors.js';
import type { MeshgateClient } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { socketCommand } from '../../gateway-command.js';
import { print, printJson } from '../../output.js';
import { type GatewayFlags, withClient } from '../../with-client.js';
import { isConfirmed } from '../command/confirm.js';
import { watchDevice } from '../watch/watch-device.js';
import { describeResult, type HvOutcome } from './describe-result.js';

const SUPPLY = 'hv:1';
const HAZARD = 'setting a high voltage is hazardous';
/** The supply of another server may be busy for a minute. */
const SET_TIMEOUT_MS = 130_000;
const DEFAULT_CHECK_S = 20;

interface SetFlags extends GatewayFlags {
  readonly check?: string;
  readonly timeout?: string;
  readonly yes?: true;
}

const SET_HELP = `
This is high voltage: the command is confirmed on a terminal, or with --yes.

Exit codes:
  0  the set point was written; with --check, the voltage was reached
  1  refused, busy, not confirmed, or not reached in time: the set point stays
`;

export function addHvCommand(program: CliCommand): void {
  const hv = program
    .command('hv')
    .description('set and follow the high-voltage supply')
    .examples({ 'meshgate hv set 1000': 'set 1,000 V', 'meshgate hv watch': 'follow the voltage' });
  socketCommand(hv, 'set', 'set the voltage', {
    'meshgate hv set 1000 --yes': 'set 1,000 V without a question',
    'meshgate hv set 1000 --check 3 --timeout 20': 'and wait up to 20 s until it is within 3 V',
  })
    .reaching('socket')
    .argument('<volts>', 'set point in V')
    .option('--check <volts>', 'wait until the voltage is this close')
    .option('--timeout <seconds>', `with --check: how long to wait (default: ${DEFAULT_CHECK_S})`)
    .option('--yes', 'confirm')
    .addHelpText('after', SET_HELP)
    .action(async (volts: string, flags: SetFlags) => {
      const command = readCommand(volts, flags);
      const question = `Set the high voltage of ${SUPPLY} to ${command.arguments.voltage} V?`;
      if (flags.yes || (await isConfirmed(HAZARD, question)))
        await withClient(flags, (client) => set(command, client, flags.json ?? false));
    });
  socketCommand(hv, 'watch', 'print readings and commands of the supply as they happen', {
    'meshgate hv watch': 'until Ctrl-C',
  })
    .reaching('socket')
    .action((flags: GatewayFlags) => watchDevice(SUPPLY, flags));
}

interface SetCommand {
  readonly name: 'set_voltage' | 'set_voltage_and_check';
  readonly arguments: { voltage: number; max_error?: number; timeout?: number };
}

function readCommand(volts: string, { check, timeout }: SetFlags): SetCommand {
  const voltage = readNumber(volts, 'voltage', Number.NEGATIVE_INFINITY);
  if (check === undefined) {
    if (timeout !== undefined) throw new MeshgateError('BAD_USAGE', '--timeout is of use only with --check');
    return { name: 'set_voltage', arguments: { voltage } };
  }
  const seconds = timeout === undefined ? DEFAULT_CHECK_S : readNumber(timeout, 'number of seconds', 0);
  const values = { voltage, max_error: readNumber(check, 'deviation', 0), timeout: seconds };
  return { name: 'set_voltage_and_check', arguments: values };
}

function readNumber(text: string, what: string, min: number): number {
  const number = Number(text);
  if (/^-?\d+(?:\.\d+)?$/.test(text) && number >= min) return number;
  throw new MeshgateError(
    'BAD_USAGE',
    `"${text}" is not a valid ${what}`,
    'use a number such as 1000 or 0.5',
  );
}

async function set(
  { name, arguments: values }: SetCommand,
  client: MeshgateClient,
  isJson: boolean,
): Promise<void> {
  const timeoutMs = SET_TIMEOUT_MS + (values.timeout ?? 0) * 1000;
  const delivery = await client.call('command', {
    device: SUPPLY,
    name,
    arguments: { ...values },
    until: 'completed',
    timeoutMs,
  });
  const outcome = delivery.result as HvOutcome | undefined;
  if (isJson) printJson(delivery);
  else print(`${describeResult(values.voltage, outcome)}\n`);
  if (outcome?.status !== 'ok') endWith(EXIT.failed);
}
