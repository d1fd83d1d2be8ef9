/** `--fleet` and what belongs to it: which gateways a command is for. */
import type { Command } from 'commander';
import { MeshgateError } from '../base/errors.js';
import { CliCommand, type Reach } from './cli-command.js';

export interface FleetChoice {
  readonly url: string;
  readonly prefix: string | undefined;
  /** Only this one. */
  readonly gateway: string | undefined;
}

interface FleetFlags {
  readonly fleet?: string;
  readonly prefix?: string;
  readonly gateway?: string;
}

export function addFleetOptions(program: Command): void {
  program
    .option('--fleet <url>', 'all gateways at an MQTT broker: mqtt://HOST (or MESHGATE_FLEET)')
    .option('--prefix <topic>', 'with --fleet: the topic that the gateways have in common (meshgate)')
    .option('--gateway <id>', 'with --fleet: only this gateway')
    .hook('preAction', (_program, action) => choose(program.opts<FleetFlags>(), action));
}

/** The fleet that a command is for, where it takes one: among its flags when its action begins. Throws `BAD_USAGE`. */
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
    if ((gateway ?? prefix) !== undefined) throw badUsage('--gateway and --prefix are for --fleet');
    return undefined;
  }
  const only = gateway ?? takeGateway(action);
  if (reach === 'one' && only === undefined) {
    throw badUsage(`${action.name()} is for one gateway of a fleet`, howToName(action));
  }
  return { url, prefix: prefix ?? MESHGATE_FLEET_PREFIX, gateway: only };
}

/** Undefined where the command asks the gateway of a socket. */
function chooseUrl(fleet: string | undefined, action: Command, reach: Reach | undefined): string | undefined {
  const { MESHGATE_FLEET, MESHGATE_SOCKET } = process.env;
  const { socket } = action.optsWithGlobals<{ socket?: string }>();
  const takesFleet = reach !== undefined && reach !== 'socket';
  if (fleet !== undefined && socket !== undefined) throw badUsage('--fleet and --socket exclude each other');
  if (fleet !== undefined && !takesFleet) throw badUsage(`${action.name()} is not for a fleet of gateways`);
  if (reach === 'socket' && socket === undefined && MESHGATE_FLEET && !MESHGATE_SOCKET) {
    throw badUsage(
      `${action.name()} is not for a fleet of gateways, and MESHGATE_FLEET chooses one`,
      'for a gateway on this machine: --socket PATH, or MESHGATE_SOCKET',
    );
  }
  return fleet ?? (takesFleet && socket === undefined ? MESHGATE_FLEET : undefined);
}

function howToName(action: Command): string {
  const withNode = placeOfName(action) < 0 ? '' : ', or stand before the node: field-north/0x0005';
  return `it may be named by --gateway ID${withNode}; these there are: meshgate --fleet URL gateways`;
}

const NAMED_BY = new Set(['node', 'id']);

/** The gateway that a node or an alarm was given with, `field-north/0x0005`; what follows it stays as it was given. */
function takeGateway(action: Command): string | undefined {
  const place = placeOfName(action);
  const given: unknown = place < 0 ? action.opts<{ node?: unknown }>().node : action.processedArgs[place];
  const [gateway, rest] = typeof given === 'string' ? splitGateway(given) : [undefined, ''];
  if (gateway === undefined) return undefined;
  if (place < 0) action.setOptionValue('node', rest);
  else action.processedArgs[place] = rest;
  return gateway;
}

function placeOfName({ registeredArguments }: Command): number {
  return registeredArguments.findIndex((argument) => NAMED_BY.has(argument.name()));
}

/** `field-north/0x0005`; without a gateway it is undefined. */
export function splitGateway(text: string): readonly [gateway: string | undefined, rest: string] {
  const end = text.lastIndexOf('/');
  return end <= 0 ? [undefined, text] : [text.slice(0, end), text.slice(end + 1)];
}

function badUsage(text: string, hint?: string): MeshgateError {
  return new MeshgateError('BAD_USAGE', text, hint);
}
