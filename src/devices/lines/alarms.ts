/** Lines by which an instrument reports a fault. */
import type { DeviceAlarm } from '../../hub/source.js';
import { compilePattern, type Pattern } from './pattern.js';
import type { AlarmTable } from './section.js';

export interface AlarmSink {
  raise(alarm: DeviceAlarm): void;
  clear(code: string): void;
}

export interface AlarmReader {
  /** Returns true if the line begins or ends an alarm. */
  read(line: string, sink: AlarmSink): boolean;
}

/** Codes that one pattern can have raised at a time. */
const MAX_ACTIVE = 100;

/** The groups `code` and `text` of the pattern come before the settings of the same names. */
export function createAlarmReader(place: string, table: AlarmTable): AlarmReader {
  const begin = compilePattern(`${place}.regex`, table.regex);
  const end = table.clear === undefined ? undefined : compilePattern(`${place}.clear`, table.clear);
  const active = new Set<string>();
  return {
    read(line, sink) {
      if (end && clears(end, line, active, sink)) return true;
      const groups = begin.match(line);
      if (!groups) return false;
      const code = (groups.code ?? table.code ?? 'ERROR').trim() || 'ERROR';
      const text = groups.text ?? table.text ?? line;
      if (end && active.size < MAX_ACTIVE) active.add(code);
      sink.raise({ code, text, priority: table.priority, isLasting: end !== undefined });
      return true;
    },
  };
}

/** With the group `code`, one; otherwise all. */
function clears(end: Pattern, line: string, active: Set<string>, sink: AlarmSink): boolean {
  const groups = end.match(line);
  if (!groups) return false;
  for (const code of groups.code === undefined ? [...active] : [groups.code.trim()]) {
    active.delete(code);
    sink.clear(code);
  }
  return true;
}
