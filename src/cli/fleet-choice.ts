/** `--fleet` and what belongs to it: which gateways a command is for. */
import type { Command } from 'commander';
import { MeshgateError } from '../base/errors.js';

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

/** `all`: of every gateway, unless one is named; `one`: one must be named; `own`: does itself what there is to do. */
export type Reach = 'all' | 'one' | 'own';

const reaches = new WeakMap<Command, Reach>();
/** Commands that ask a gateway of this machine, and none of a fleet. */
const onSocketOnly = new WeakSet<Command>();

let chosen: FleetChoice | undefined;

/** Without this, a command is refused where a fleet is given. */
export function allowFleet(command: Command, reach: Reach): Command {
  reaches.set(command, reach);
  return command;
}

/** It asks the gateway of a socket: where a fleet is chosen it is refused, since that gateway is not meant. */
export function refuseFleet(command: Command): Command {
  onSocketOnly.add(command);
  return command;
}

/** The options of this file are for it too. */
export function isForFleet(command: Command): boolean {
  return reaches.has(command);
}

/** Undefined: the gateway of a socket. */
export function chosenFleet(): FleetChoice | undefined {
  return chosen;
}

export function addFleetOptions(program: Command): void {
  program
    .option('--fleet <url>', 'all gateways at an MQTT broker: mqtt://HOST (or MESHGATE_FLEET)')
    .option('--prefix <topic>', 'with --fleet: the topic that the gateways have in common (meshgate)')
    .option('--gateway <id>', 'with --fleet: only this gateway')
    .hook('preAction', (_program, action) => choose(program.opts<FleetFlags>(), action));
}

/** Throws `BAD_USAGE`. */
function choose({ fleet, prefix, gateway }: FleetFlags, action: Command): void {
  const { MESHGATE_FLEET, MESHGATE_FLEET_PREFIX } = process.env;
  const reach = reaches.get(action);
  const { socket } = action.optsWithGlobals<{ socket?: string }>();
  if (fleet !== undefined && socket !== undefined) throw badUsage('--fleet and --socket exclude each other');
  if (fleet !== undefined && !reach) throw badUsage(`${action.name()} is not for a fleet of gateways`);
  if (onSocketOnly.has(action) && socket === undefined && MESHGATE_FLEET && !process.env.MESHGATE_SOCKET) {
    throw badUsage(
      `${action.name()} is not for a fleet of gateways, and MESHGATE_FLEET chooses one`,
      'for a gateway on this machine: --socket PATH, or MESHGATE_SOCKET',
    );
  }
  const url = fleet ?? (reach && socket === undefined ? MESHGATE_FLEET : undefined);
  if (!url) {
    if ((gateway ?? prefix) !== undefined) throw badUsage('--gateway and --prefix are for --fleet');
    return;
  }
  const only = gateway ?? takeGateway(action);
  if (reach === 'one' && only === undefined) {
    throw badUsage(`${action.name()} is for one gateway of a fleet`, howToName(action));
  }
  chosen = { url, prefix: prefix ?? MESHGATE_FLEET_PREFIX, gateway: only };
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
