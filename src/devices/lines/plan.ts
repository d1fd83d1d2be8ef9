/** Everything that the settings of one instrument say, checked and compiled. */
import { isDeepStrictEqual } from 'node:util';
import type { DataType } from '../../protocol/data-types.js';
import { badDeviceSetting } from '../device.js';
import { type AlarmReader, createAlarmReader } from './alarms.js';
import { createCommand, type LineCommand } from './commands.js';
import { createReader, type MessageReader } from './message-reader.js';
import { compilePattern, type Pattern } from './pattern.js';
import { checkSamples } from './samples.js';
import type { LinesTable, PollTable } from './section.js';

export interface Poll {
  readonly line: string;
  /** 0: once. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly reader: MessageReader | undefined;
  /** A reply without values. */
  readonly reply: Pattern | undefined;
}

export interface Plan {
  readonly types: readonly DataType[];
  readonly readers: readonly MessageReader[];
  readonly polls: readonly Poll[];
  readonly alarms: readonly AlarmReader[];
  readonly commands: ReadonlyMap<string, LineCommand>;
  readonly error: Pattern | undefined;
  /** Undefined: silence is not noticed. */
  readonly silentAfterMs: number | undefined;
}

/** Polling intervals without a reply until a device counts as silent. */
const SILENT_POLLS = 5;
const MIN_SILENT_MS = 10_000;

/** `place`: `device.0`. Throws `BAD_CONFIG`. */
export function planOf(place: string, table: LinesTable): Plan {
  const error = table.error === undefined ? undefined : compilePattern(`${place}.error`, table.error);
  const readers = table.message.map((message, index) => createReader(`${place}.message.${index}`, message));
  for (const [index, reader] of readers.entries())
    checkSamples(reader, table.message[index]?.samples ?? [], readers);
  const polls = table.poll.map((poll, index) => createPoll(`${place}.poll.${index}`, poll));
  const commands = table.command.map((command, index) =>
    createCommand(`${place}.command.${index}`, command, error),
  );
  return {
    types: typesOf(place, [...readers, ...polls.flatMap(({ reader }) => reader ?? [])]),
    readers,
    polls,
    alarms: table.alarm.map((alarm, index) => createAlarmReader(`${place}.alarm.${index}`, alarm)),
    commands: new Map(commands.map((command) => [command.definition.name, command])),
    error,
    silentAfterMs: silenceOf(table, polls),
  };
}

function createPoll(place: string, { type, reply, ...table }: PollTable): Poll {
  const isRead = table.regex !== undefined || table.columns !== undefined || table.json || table.key_value;
  if (isRead !== (type !== undefined))
    throw badDeviceSetting(
      `${place}.type`,
      type ?? '',
      'a type needs regex, columns, json or key_value, and they a type',
    );
  if (isRead && reply !== undefined)
    throw badDeviceSetting(`${place}.reply`, reply, 'is only for polls without a type');
  const reader = type === undefined ? undefined : createReader(place, { type, ...table });
  if (reader) checkSamples(reader, table.samples);
  return {
    line: table.send,
    everyMs: table.every_s * 1000,
    timeoutMs: table.timeout_ms,
    reader,
    reply: reply === undefined ? undefined : compilePattern(`${place}.reply`, reply),
  };
}

/** Several messages may have one type. */
function typesOf(place: string, readers: readonly MessageReader[]): DataType[] {
  const byId = new Map<number, DataType>();
  for (const { type, place: where } of readers) {
    const known = byId.get(type.id);
    if (known && !isDeepStrictEqual(known, type))
      throw badDeviceSetting(`${where}.type`, type.name, clash(known, type, place));
    byId.set(type.id, type);
  }
  return [...byId.values()];
}

function clash(known: DataType, type: DataType, place: string): string {
  return known.name === type.name
    ? `another message of ${place} has this type with other fields`
    : `has the same id as ${known.name}; give one of them a type_id`;
}

function silenceOf({ silent_after_s: given }: LinesTable, polls: readonly Poll[]): number | undefined {
  if (given !== undefined) return given === 0 ? undefined : given * 1000;
  const answered = polls.filter(({ everyMs, reader, reply }) => everyMs > 0 && (reader ?? reply));
  if (answered.length === 0) return undefined;
  return Math.max(MIN_SILENT_MS, SILENT_POLLS * Math.min(...answered.map(({ everyMs }) => everyMs)));
}
