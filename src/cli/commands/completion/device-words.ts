/** Words that only the running gateway knows: device ids, names of commands, and their arguments. */
import type { Command } from 'commander';
import { type CommandInfo, connect, type MeshgateClient } from '../../../client/index.js';
import type { ArgumentInfo } from '../../text/command-text.js';

/** Commands that take the id of a device, and after how many other arguments. */
const DEVICE_AFTER: Readonly<Record<string, number>> = {
  device: 0,
  command: 0,
  node: 0,
  explain: 0,
  get: 1,
  watch: Number.POSITIVE_INFINITY,
  export: Number.POSITIVE_INFINITY,
};

/** Options whose value is a node or a device. */
const DEVICE_OPTION = '--node';
/** A shell waits for the words. */
const TIMEOUT_MS = 2000;

/** The shell asks the gateway for the words of this command. */
export function asksForDevices(path: string): boolean {
  return path in DEVICE_AFTER;
}

/** The shell asks the gateway for the value of this option. */
export function takesDevice(long: string, path: string): boolean {
  return long === DEVICE_OPTION && asksForDevices(path);
}

/** What has been typed. */
interface Typed {
  readonly command: string;
  /** Complete arguments of the command. */
  readonly given: readonly string[];
  readonly socket: string | undefined;
  /** The option whose value is being typed. */
  readonly option: string | undefined;
}

/** `words`: all after `meshgate`, the last of them incomplete. Rejects if the gateway does not answer. */
export async function wordsFor(words: readonly string[], program: Command): Promise<string[]> {
  const typed = readTyped(words.slice(0, -1), program);
  const deviceAfter = DEVICE_AFTER[typed.command];
  if (deviceAfter === undefined || words.includes('--fleet')) return [];
  const isDevice = typed.option === DEVICE_OPTION || typed.given.length === deviceAfter;
  if (!isDevice && (typed.command !== 'command' || typed.option !== undefined)) return [];
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const client = await connect({ socket: typed.socket, reconnect: false, signal });
  try {
    return isDevice ? await deviceIds(client) : await commandWords(typed.given, client);
  } finally {
    client.close();
  }
}

function readTyped(words: readonly string[], program: Command): Typed {
  const options = [...program.options, ...program.commands.flatMap((command) => command.options)];
  const takesValue = new Set(options.filter(({ required }) => required).map(({ long }) => long));
  const given: string[] = [];
  let option: string | undefined;
  let socket: string | undefined;
  for (const word of words) {
    if (option === '--socket') socket = word;
    if (option !== undefined) option = undefined;
    else if (!word.startsWith('-')) given.push(word);
    else if (takesValue.has(word)) option = word;
  }
  const [command = '', ...rest] = given;
  return { command, given: rest, socket, option };
}

async function deviceIds(client: MeshgateClient): Promise<string[]> {
  return (await client.devices()).devices.map(({ id }) => id);
}

/** Names of commands, then the arguments that are not given yet, with their choices. */
async function commandWords(
  [device = '', name, ...given]: readonly string[],
  client: MeshgateClient,
): Promise<string[]> {
  const { commands } = await client.device(device);
  if (name === undefined) return commands.map((command) => command.name);
  const found: CommandInfo | undefined = commands.find((command) => command.name === name);
  const isOpen = (argument: ArgumentInfo) => !given.some((word) => word.startsWith(`${argument.name}=`));
  return (found?.arguments ?? []).filter(isOpen).flatMap(argumentWords);
}

function argumentWords({ name, type, choices }: ArgumentInfo): string[] {
  const values = type === 'boolean' ? ['true', 'false'] : (choices ?? ['']);
  return values.map((value) => `${name}=${value}`);
}
