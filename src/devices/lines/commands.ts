/** Commands of the settings: their definitions for the hub, and how they are carried out. */
import type { CommandArgument, CommandDefinition } from '../../hub/command-definition.js';
import type { CommandRun } from '../../hub/device-commands.js';
import { badDeviceSetting } from '../device.js';
import type { Dialog, Exchange, ExchangeEnd, ReplyVerdict } from './dialog.js';
import { compilePattern, type Groups, type Pattern } from './pattern.js';
import type { CommandTable } from './section.js';
import { parseTemplate, type Template } from './template.js';

export interface LineCommand {
  readonly definition: CommandDefinition;
  /** Sends its lines, and ends the run. */
  carryOut(run: CommandRun, dialog: Dialog): void;
}

interface Plan {
  readonly templates: readonly Template[];
  readonly reply: Pattern | undefined;
  readonly error: Pattern | undefined;
  readonly timeoutMs: number;
}

/** The hub's own time-out must not be shorter than that of the reply. */
const MARGIN_MS = 5000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: an argument must not end the line
const CONTROL = /[\u0000-\u001f\u007f]/;

/** `deviceError`: the error reply of the device. Throws `BAD_CONFIG`. */
export function createCommand(
  place: string,
  table: CommandTable,
  deviceError: Pattern | undefined,
): LineCommand {
  const { reply, error, timeout_ms: timeoutMs } = table;
  const definition = defineCommand(place, table);
  const lines = typeof table.send === 'string' ? [table.send] : table.send;
  const templates = lines.map((line) => parseTemplate(`${place}.send`, line));
  checkNames(place, table, templates);
  if (error !== undefined && reply === undefined)
    throw badDeviceSetting(`${place}.error`, error, 'needs reply: without it, no reply is awaited');
  const plan: Plan = {
    templates,
    timeoutMs,
    reply: reply === undefined ? undefined : compilePattern(`${place}.reply`, reply),
    error: error === undefined ? deviceError : compilePattern(`${place}.error`, error),
  };
  return { definition, carryOut: (run, dialog) => carryOut(run, dialog, plan) };
}

function defineCommand(place: string, table: CommandTable): CommandDefinition {
  return {
    name: table.name,
    summary: table.summary,
    arguments: table.arguments.map((argument, index) => {
      checkLimits(`${place}.arguments.${index}`, argument);
      return withoutUndefined(argument);
    }),
    role: table.role,
    isHazardous: table.hazardous,
    timeoutMs: table.timeout_ms + MARGIN_MS,
  };
}

type ArgumentTable = CommandTable['arguments'][number];

/** What reaches hardware has limits. */
function checkLimits(place: string, { name, type, min, max, default: value }: ArgumentTable): void {
  const isNumber = type === 'number' || type === 'integer';
  if (isNumber && (min === undefined || max === undefined))
    throw badDeviceSetting(place, name, 'a number needs min and max: they protect the hardware');
  if (type === 'text' && max === undefined)
    throw badDeviceSetting(place, name, 'a text needs max, its greatest length');
  if (min !== undefined && max !== undefined && min > max)
    throw badDeviceSetting(`${place}.min`, min, `must not be more than max, ${max}`);
  if (typeof value === 'string' && CONTROL.test(value))
    throw badDeviceSetting(`${place}.default`, value, 'must have no control characters');
}

function withoutUndefined(argument: ArgumentTable): CommandArgument {
  const { name, type, ...others } = argument;
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  return { name, type, ...Object.fromEntries(given) };
}

function checkNames(place: string, table: CommandTable, templates: readonly Template[]): void {
  const used = templates.flatMap(({ names }) => names);
  const known = table.arguments.map(({ name }) => name);
  const unknown = used.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw badDeviceSetting(`${place}.send`, table.send, `{${unknown}} is not an argument of the command`);
  const unused = known.find((name) => !used.includes(name));
  if (unused !== undefined)
    throw badDeviceSetting(
      `${place}.send`,
      table.send,
      `the argument ${unused} is not used: write {${unused}}`,
    );
}

function carryOut(run: CommandRun, dialog: Dialog, plan: Plan): void {
  const lines = plan.templates.map((template) => template.render(run.arguments));
  if (lines.some((line) => CONTROL.test(line))) {
    run.fail('rejectedByDevice', 'not sent: an argument has control characters');
    return;
  }
  const exchanges: Exchange[] = [];
  const cancelAll = () => {
    for (const exchange of exchanges) dialog.cancel(exchange);
  };
  run.signal.addEventListener('abort', cancelAll, { once: true });
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1;
    exchanges.push(isLast ? lastExchange(run, line, plan) : exchangeBefore(run, line, plan));
  }
  for (const exchange of exchanges) dialog.add(exchange, true);
}

function exchangeBefore(run: CommandRun, line: string, { timeoutMs }: Plan): Exchange {
  const onEnd = (end: ExchangeEnd) => {
    if (end !== 'done') fail(run, end, timeoutMs);
  };
  return { line, timeoutMs, onSent: () => run.accept(), onEnd };
}

function lastExchange(run: CommandRun, line: string, { reply, error, timeoutMs }: Plan): Exchange {
  let groups: Groups = {};
  let errorText = '';
  const judge = (text: string): ReplyVerdict => {
    if (error?.match(text)) {
      errorText = text;
      return 'rejected';
    }
    const found = reply?.match(text);
    if (!found) return 'other';
    groups = found;
    return 'reply';
  };
  const onEnd = (end: ExchangeEnd) => {
    if (end !== 'done') {
      fail(run, end, timeoutMs, errorText);
      return;
    }
    run.accept();
    run.complete(Object.keys(groups).length > 0 ? groups : undefined);
  };
  return { line, judge: reply && judge, timeoutMs, onSent: () => run.accept(), onEnd };
}

function fail(run: CommandRun, end: Exclude<ExchangeEnd, 'done'>, timeoutMs: number, text = ''): void {
  if (end === 'noReply') run.fail('timedOut', `no reply within ${timeoutMs} ms`);
  else if (end === 'rejected') run.fail('rejectedByDevice', text);
  else if (end === 'unsent') run.fail('linkLost', 'the device did not accept the bytes');
  else run.fail('queueFull', 'not sent');
}
