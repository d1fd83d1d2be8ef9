/** `--fleet`, `--prefix` and `--gateway`: which gateways a command works on. */
import type { Command } from 'commander';
import { MeshgateError } from '../base/errors.js';
import { CliCommand, type Reach } from './cli-command.js';

export interface FleetChoice {
  readonly url: string;
  readonly prefix: string | undefined;
  /** Only this gateway. */
  readonly gateway: string | undefined;
}

interface FleetFlags {
  readonly fleet?: string;
  readonly prefix?: string;
  readonly gateway?: string;
}

export function addFleetOptions(program: Command): void {
  program
    .option('--fleet <url>', 'work on all gateways at an MQTT broker: mqtt://HOST (or MESHGATE_FLEET)')
    .option('--prefix <topic>', 'with --fleet: topic prefix of the gateways (default: meshgate)')
    .option('--gateway <id>', 'with --fleet: only this gateway')
    .hook('preAction', (_program, action) => choose(program.opts<FleetFlags>(), action));
}

/** Puts the chosen fleet among the command's flags before its action runs. Throws `BAD_USAGE`. */
function choose(given: FleetFlags, action: Command): void {
  const choice = readChoice(given, action, action instanceof CliCommand ? action.reach : undefined);
  if (choice) action.setOptionValue('fleetChoice', choice);
}

function readChoice(
  { fleet, prefix, gateway }: FleetFlags,
  action: Command,
  reach: Reach | undefined,
): FleetChoice | undefined {
  const { MESHGATE_FLEET_PREFIX } = process.env;
  const url = chooseUrl(fleet, action, reach);
  if (!url) {
    if ((gateway ?? prefix) !== undefined)
      throw badUsage('--gateway and --prefix need --fleet', 'name the broker: --fleet mqtt://HOST');
    return undefined;
  }
  const only = gateway ?? takeGateway(action);
  if (reach === 'one' && only === undefined) {
    throw badUsage(`${action.name()} works on one gateway, and --fleet names several`, howToName(action));
  }
  return { url, prefix: prefix ?? MESHGATE_FLEET_PREFIX, gateway: only };
}

/** Undefined if the command uses a socket. */
function chooseUrl(fleet: string | undefined, action: Command, reach: Reach | undefined): string | undefined {
  const { MESHGATE_FLEET, MESHGATE_SOCKET } = process.env;
  const { socket } = action.optsWithGlobals<{ socket?: string }>();
  const takesFleet = reach !== undefined && reach !== 'socket';
  if (fleet !== undefined && socket !== undefined)
    throw badUsage('--fleet and --socket cannot be used together');
  if (fleet !== undefined && !takesFleet)
    throw badUsage(
      `${action.name()} does not work on a fleet`,
      'run it on the machine of the gateway, without --fleet',
    );
  if (reach === 'socket' && socket === undefined && MESHGATE_FLEET && !MESHGATE_SOCKET) {
    throw badUsage(
      `${action.name()} does not work on a fleet, and MESHGATE_FLEET is set`,
      'to use a gateway on this machine: --socket PATH, or MESHGATE_SOCKET',
    );
  }
  return fleet ?? (takesFleet && socket === undefined ? MESHGATE_FLEET : undefined);
}

function howToName(action: Command): string {
  const index = indexOfName(action);
  const name = action.registeredArguments[index]?.name();
  const example = name === 'node' ? '0x0005' : name?.toUpperCase();
  const withNode = index < 0 ? '' : `, or put its id before the ${name}: field-north/${example}`;
  return `choose one: --gateway ID${withNode}; to list them: meshgate --fleet URL gateways`;
}

const NAMED_BY = new Set(['node', 'id', 'device', 'delivery']);

/** The gateway in front of a node or an alarm, `field-north/0x0005`; the rest stays as the argument. */
function takeGateway(action: Command): string | undefined {
  const index = indexOfName(action);
  const given: unknown = index < 0 ? action.opts<{ node?: unknown }>().node : action.processedArgs[index];
  const [gateway, rest] = typeof given === 'string' ? splitGateway(given) : [undefined, ''];
  if (gateway === undefined) return undefined;
  if (index < 0) action.setOptionValue('node', rest);
  else action.processedArgs[index] = rest;
  return gateway;
}

function indexOfName({ registeredArguments }: Command): number {
  return registeredArguments.findIndex((argument) => NAMED_BY.has(argument.name()));
}

/** Splits `field-north/0x0005`; `gateway` is undefined if the text names none. */
export function splitGateway(text: string): readonly [gateway: string | undefined, rest: string] {
  const end = text.lastIndexOf('/');
  return end <= 0 ? [undefined, text] : [text.slice(0, end), text.slice(end + 1)];
}

function badUsage(text: string, hint?: string): MeshgateError {
  return new MeshgateError('BAD_USAGE', text, hint);
}
