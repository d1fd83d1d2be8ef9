/** What clients ask on the request port. Names are checked by the mode, which knows which there are. */
import { MAX_PACKET_LENGTH, parsePacket } from '../../codecs/hev/packet.js';
import type { RequestFault } from './server-counts.js';

export type HevRequest =
  | {
      readonly kind: 'command';
      readonly cmdtype: unknown;
      readonly cmd: unknown;
      /** Undefined if it is missing; null counts as 0. */
      readonly param: number | undefined;
      /** Of mesh mode. */
      readonly node: unknown;
      readonly data: unknown;
    }
  | {
      readonly kind: 'alarm';
      /** Undefined if they are neither names nor numbers. */
      readonly type: string | number | undefined;
      readonly code: string | number | undefined;
      readonly param: number | undefined;
    }
  | { readonly kind: 'personal'; readonly fields: Readonly<Record<string, unknown>> };

/** `text`: of one packet; undefined if it is not UTF-8. */
export function readRequest(text: string | undefined): HevRequest | RequestFault {
  const parsed = text === undefined || text.length > MAX_PACKET_LENGTH ? undefined : tryParse(text);
  if (parsed === undefined) return 'notJson';
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'notObject';
  const fields = parsed as Readonly<Record<string, unknown>>;
  switch (fields.type) {
    case 'CMD':
    case 'cmd':
      return readCommand(fields);
    case 'ALARM':
      return readAlarm(fields);
    case 'PERSONAL':
      return { kind: 'personal', fields };
    default:
      return 'unknownType';
  }
}

function tryParse(text: string): unknown {
  try {
    return parsePacket(text);
  } catch {
    return undefined;
  }
}

function readCommand({
  cmdtype,
  cmd,
  param,
  node,
  data,
}: Readonly<Record<string, unknown>>): HevRequest | RequestFault {
  const number = param === null ? 0 : param;
  if (number !== undefined && !isNumber(number)) return 'badParam';
  return { kind: 'command', cmdtype, cmd, param: number, node, data };
}

function readAlarm({ alarm_type, alarm_code, param }: Readonly<Record<string, unknown>>): HevRequest {
  return {
    kind: 'alarm',
    type: isName(alarm_type) ? alarm_type : undefined,
    code: isName(alarm_code) ? alarm_code : undefined,
    param: isNumber(param) ? param : undefined,
  };
}

function isName(value: unknown): value is string | number {
  return typeof value === 'string' || isNumber(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
