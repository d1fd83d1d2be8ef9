/** Commands to devices, in words. */
import type { CommandInfo, DeliveryInfo } from '../../client/index.js';
import { checkArguments } from '../../hub/command-definition.js';

export type ArgumentInfo = CommandInfo['arguments'][number];
export type ArgumentValues = Parameters<typeof checkArguments>[1];

/** `move position=12 mode=slow` */
export function describeCommand({ command }: Pick<DeliveryInfo, 'command'>): string {
  if (!command) return '';
  const given = Object.entries(command.arguments).map(([name, value]) => `${name}=${value}`);
  return [command.name, ...given].join(' ');
}

const STAGES: Readonly<Partial<Record<DeliveryInfo['stage'], string>>> = {
  queued: 'given to the device',
  progress: 'in progress',
};

/** `accepted`; `45 %, at 45 mm`; `completed: {"position":12}`; `failed: the device rejected the command: too far`. */
export function describeStage({ stage, progress, result, detail, failure }: DeliveryInfo): string {
  if (stage === 'progress' && progress) return describeProgress(progress);
  const shown = STAGES[stage] ?? stage;
  if (stage === 'completed') return result === undefined ? shown : `${shown}: ${JSON.stringify(result)}`;
  const reason = detail ?? failure;
  return reason ? `${shown}: ${reason}` : shown;
}

function describeProgress({ fraction, text }: NonNullable<DeliveryInfo['progress']>): string {
  const percent = fraction === undefined ? [] : [`${Math.round(fraction * 100)} %`];
  return [...percent, ...(text === undefined ? [] : [text])].join(', ') || 'in progress';
}

/** What an argument may be: `0 to 100 mm`, `fast, slow`, `at most 5 characters`. */
export function describeAllowed({ type, unit, min, max, choices }: ArgumentInfo): string {
  if (type === 'boolean') return 'true, false';
  if (choices) return choices.join(', ');
  const what = type === 'text' ? ' characters' : unit === null ? '' : ` ${unit}`;
  if (min !== null && max !== null) return `${min} to ${max}${what}`;
  if (min !== null) return `at least ${min}${what}`;
  if (max !== null) return `at most ${max}${what}`;
  return type === 'text' || unit === null ? 'any' : `any, in ${unit}`;
}

/** How the arguments are given: `position=NUMBER [mode=fast|slow]`. */
export function describeUsage({ arguments: listed }: CommandInfo): string {
  const words = listed.map((argument) => {
    const word = `${argument.name}=${placeholder(argument)}`;
    return argument.required ? word : `[${word}]`;
  });
  return words.join(' ') || 'none';
}

function placeholder({ type, choices }: ArgumentInfo): string {
  if (type === 'boolean') return 'true|false';
  return choices?.join('|') ?? type.toUpperCase();
}

/** The arguments with their defaults, or what is wrong with them, as the gateway would say it. */
export function checkGiven({ name, summary, arguments: listed }: CommandInfo, given: ArgumentValues) {
  const definitions = listed.map((argument) => ({
    name: argument.name,
    type: argument.type,
    optional: !argument.required,
    ...(argument.unit !== null && { unit: argument.unit }),
    ...(argument.min !== null && { min: argument.min }),
    ...(argument.max !== null && { max: argument.max }),
    ...(argument.choices && { choices: argument.choices }),
    ...(argument.default !== null && { default: argument.default }),
  }));
  return checkArguments({ name, summary, arguments: definitions }, given);
}
