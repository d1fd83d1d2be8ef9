/** `meshgate hev`: the ventilator test bench. */
import { MeshgateError } from '../../../base/errors.js';
import type { MeshgateClient } from '../../../client/index.js';
import { commandName, deviceAlarmCode, numberNamed, usualPriority } from '../../../codecs/hev/in-hub.js';
import { ALARM_CODES, ALARM_TYPE, COMMAND_CODES, type CommandFamily } from '../../../codecs/hev/names.js';
import type { CliCommand } from '../../cli-command.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { socketCommand } from '../../gateway-command.js';
import { print, printJson } from '../../output.js';
import { type GatewayFlags, withClient } from '../../with-client.js';
import { isConfirmed } from '../command/confirm.js';
import { watchDevice } from '../watch/watch-device.js';

const NOT_FOR_PATIENTS = '\nFor test benches; not for use on patients.\n';
const FIRST_DEVICE = 'hev';
/** 10 transmissions on the line, after a queue that is full. */
const SEND_TIMEOUT_MS = 10_000;

interface HevFlags extends GatewayFlags {
  readonly device: string;
}

export function addHevCommand(program: CliCommand): void {
  const hev = program
    .command('hev')
    .description('a ventilator test bench (HEV); not for use on patients')
    .examples({
      'meshgate hev watch': 'follow its values and alarms',
      'meshgate hev send GENERAL START': 'start to breathe',
    })
    .addHelpText('after', NOT_FOR_PATIENTS);
  addWatch(hev);
  addSend(hev);
  addAck(hev);
  addEmulate(hev);
}

function deviceCommand(hev: CliCommand, ...words: [string, string, Record<string, string>]): CliCommand {
  return socketCommand(hev, ...words)
    .reaching('socket')
    .option('--device <id>', 'which of several: hev, hev:2 …', FIRST_DEVICE)
    .addHelpText('after', NOT_FOR_PATIENTS);
}

function addWatch(hev: CliCommand): void {
  deviceCommand(hev, 'watch', 'print values, alarms and commands as they happen', {
    'meshgate hev watch': 'until Ctrl-C',
  }).action((flags: HevFlags) => watchDevice(flags.device, flags));
}

function addSend(hev: CliCommand): void {
  deviceCommand(hev, 'send', 'send a command, and wait until the microcontroller has acknowledged it', {
    'meshgate hev send GENERAL START --yes': 'start without a question',
    'meshgate hev send SET_DURATION INHALE 1200 --yes': 'inhale for 1200 ms',
  })
    .argument('<family>', `command family: ${Object.keys(COMMAND_CODES).slice(0, 3).join(', ')} …`)
    .argument('<name>', 'name in the family')
    .argument('[param]', 'number (default: 0)')
    .option('--yes', 'confirm a command that moves valves or changes the mode')
    .action(
      async (family: string, name: string, param: string | undefined, flags: HevFlags & { yes?: true }) => {
        const command = readCommand(family, name, param);
        await withClient(flags, (client) => send(command, client, flags));
      },
    );
}

interface SendCommand {
  readonly name: string;
  readonly arguments: { readonly code: string; readonly param: number };
}

function readCommand(givenFamily: string, givenName: string, param = '0'): SendCommand {
  const family = givenFamily.toUpperCase();
  const codes = Object.hasOwn(COMMAND_CODES, family) ? COMMAND_CODES[family as CommandFamily] : undefined;
  if (!codes) throw unknownName('command family', givenFamily, Object.keys(COMMAND_CODES));
  const code = givenName.toUpperCase();
  if (numberNamed(codes, code) === undefined)
    throw unknownName(`name of ${family}`, givenName, Object.keys(codes));
  const number = Number(param);
  if (!/^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(param) || !Number.isFinite(number))
    throw new MeshgateError('BAD_USAGE', `"${param}" is not a valid number`);
  return { name: commandName(family as CommandFamily), arguments: { code, param: number } };
}

function unknownName(what: string, given: string, available: readonly string[]): MeshgateError {
  return new MeshgateError(
    'BAD_USAGE',
    `"${given}" is not a valid ${what}`,
    `available: ${available.join(', ')}`,
  );
}

async function send(
  command: SendCommand,
  client: MeshgateClient,
  { device, json, yes }: HevFlags & { readonly yes?: true },
): Promise<void> {
  if (!yes && !(await mayBeSent(command, device, client))) return;
  const { name, arguments: values } = command;
  const delivery = await client.call('command', {
    device,
    name,
    arguments: { ...values },
    until: 'completed',
    timeoutMs: SEND_TIMEOUT_MS,
  });
  if (json) printJson(delivery);
  else print(`${device}: ${name} ${values.code} ${values.param}: ${delivery.stage}\n`);
  if (delivery.stage !== 'completed') endWith(EXIT.failed);
}

async function mayBeSent(
  { name, arguments: { code } }: SendCommand,
  device: string,
  client: MeshgateClient,
): Promise<boolean> {
  const { commands } = await client.call('device', { device });
  if (!commands.find((known) => known.name === name)?.hazardous) return true;
  return isConfirmed(
    `${name} ${code} moves valves or changes the mode`,
    `Send ${name} ${code} to ${device}?`,
  );
}

function addAck(hev: CliCommand): void {
  deviceCommand(hev, 'ack', 'acknowledge an alarm of the ventilator', {
    'meshgate hev ack APNEA': 'with its usual priority',
    'meshgate hev ack LOW_BATTERY low': 'the one of low priority',
  })
    .argument('<code>', 'code of the alarm, such as APNEA')
    .argument('[priority]', 'low, medium or high (default: the usual one of the code)')
    .action(async (code: string, priority: string | undefined, flags: HevFlags) => {
      const id = `DEVICE_ALARM:${flags.device}:${readAlarm(code, priority)}`;
      await withClient(flags, (client) => client.call('acknowledge', { id }));
      if (flags.json) printJson({ acknowledged: [id] });
      else print(`Acknowledged: ${id}\n`);
    });
}

function readAlarm(given: string, priority: string | undefined): string {
  const code = given.toUpperCase();
  if (numberNamed(ALARM_CODES, code) === undefined)
    throw unknownName('alarm', given, Object.keys(ALARM_CODES));
  const type = priority === undefined ? usualPriority(code) : `PRIORITY_${priority.toUpperCase()}`;
  if (numberNamed(ALARM_TYPE, type) === undefined)
    throw unknownName('priority', priority ?? '', ['low', 'medium', 'high']);
  return deviceAlarmCode({ type, code });
}

function addEmulate(hev: CliCommand): void {
  hev
    .command('emulate')
    .description('emulate the microcontroller on a pseudo-terminal, for any data server')
    .examples({
      'meshgate hev emulate --dump run.dump --link /tmp/hev': 'replay a dump',
      'meshgate hev emulate --link /tmp/hev': 'a model that breathes on START',
    })
    .requiredOption('--link <path>', 'path of the pseudo-terminal to create')
    .option('--dump <file>', 'dump file, repeated forever (default: a breathing model)')
    .addHelpText('after', NOT_FOR_PATIENTS)
    .action(async (flags: { readonly link: string; readonly dump?: string }) => {
      const { runEmulator } = await import('./run-emulator.js');
      await runEmulator(flags);
    });
}
