/** The arguments of a command, `key=value`, parsed as the device describes them. */
import { MeshgateError } from '../../../base/errors.js';
import type { CommandInfo } from '../../../client/index.js';
import { type ArgumentInfo, checkGiven, describeUsage } from '../../text/command-text.js';

type Value = number | string | boolean;

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

/** With their defaults. Throws `BAD_USAGE`. */
export function parseArguments(command: CommandInfo, words: readonly string[]): Record<string, Value> {
  const given = new Map<string, Value>();
  for (const word of words) {
    const [key, text] = splitWord(word, command);
    if (given.has(key)) throw badArguments(`${key} is given twice`, command);
    const argument = command.arguments.find(({ name }) => name === key);
    given.set(key, parseValue(text, argument));
  }
  const checked = checkGiven(command, Object.fromEntries(given));
  if ('fault' in checked) throw badArguments(checked.fault, command);
  return { ...checked.values };
}

function splitWord(word: string, command: CommandInfo): [key: string, text: string] {
  const end = word.indexOf('=');
  if (end <= 0) throw badArguments(`"${word}" is not key=value`, command);
  return [word.slice(0, end), word.slice(end + 1)];
}

/** What cannot be parsed stays a text: the check that follows says what is allowed. */
function parseValue(text: string, argument: ArgumentInfo | undefined): Value {
  switch (argument?.type) {
    case 'number':
    case 'integer':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return BOOLEANS[text.toLowerCase()] ?? text;
    case 'choice':
      return argument.choices?.find((choice) => choice.toLowerCase() === text.toLowerCase()) ?? text;
    default:
      return text;
  }
}

function badArguments(fault: string, command: CommandInfo): MeshgateError {
  return new MeshgateError('BAD_USAGE', `${command.name}: ${fault}`, `arguments: ${describeUsage(command)}`);
}
