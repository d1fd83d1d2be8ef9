/**
 * The metas of the HV server. `block` is a text in answers to commands and a number in readings: clients take either, and
 * the server writes it so.
 */

export const ERRORS = {
  4: 'PARSE_ERROR',
  5: 'ALGORITM_ERROR',
  7: 'UNKNOWN_MESSAGE',
  8: 'SERVER_BUSY_ERROR',
  9: 'INCORRECT_MESSAGE_PARAMS',
  11: 'COM_ERROR',
  12: 'COM_CLOSE',
} as const;

export type ErrorCode = keyof typeof ERRORS;

export const BUSY_ERROR = 8;
export const BUSY_TEXT = 'HV server is busy';

export type Meta = Readonly<Record<string, unknown>>;

/** `id`: of the command that it is about, if the command had one. */
export function errorMeta(code: ErrorCode, description: string, id?: unknown): Meta {
  return {
    type: 'reply',
    reply_type: 'error',
    error_code: code,
    error_text_code: ERRORS[code],
    description,
    ...(id !== undefined && { id }),
  };
}

export function answerMeta(answerType: string, facts: Meta): Meta {
  return { type: 'answer', answer_type: answerType, ...facts };
}

export function readingMeta(block: number, volts: number): Meta {
  return { type: 'answer', answer_type: 'get_voltage', block, voltage: volts };
}

/** What a client reads of a server's messages. */
export type ServerMessage =
  | { readonly kind: 'reading'; readonly block: number; readonly volts: number }
  | { readonly kind: 'answer'; readonly answerType: string; readonly id: unknown; readonly meta: Meta }
  | { readonly kind: 'error'; readonly code: number; readonly description: string; readonly id: unknown };

const MAX_DESCRIPTION = 500;

/** Undefined for anything else. */
export function readServerMessage(meta: unknown): ServerMessage | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined;
  const { type, answer_type: answerType, reply_type: replyType, id } = meta as Meta;
  if (type === 'reply' && replyType === 'error') return readError(meta as Meta);
  if (type !== 'answer' || typeof answerType !== 'string') return undefined;
  if (answerType !== 'get_voltage') return { kind: 'answer', answerType, id, meta: meta as Meta };
  const { block, voltage } = meta as Meta;
  const isNumber = typeof voltage === 'number' && Number.isFinite(voltage);
  return isNumber ? { kind: 'reading', block: Number(block), volts: voltage } : undefined;
}

function readError({ error_code: code, description, id }: Meta): ServerMessage | undefined {
  if (typeof code !== 'number') return undefined;
  const text = typeof description === 'string' ? description : '';
  return { kind: 'error', code, description: text.slice(0, MAX_DESCRIPTION), id };
}
