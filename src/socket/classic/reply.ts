/**
 * Replies of the classic dialect.
 *
 *     S | result          F | length (1) | message, UTF-8
 */

/** A complete reply, or the pieces of one that may have many megabytes. */
export type Reply = Buffer | IterableIterator<Buffer>;

const SUCCESS = 0x53;
const FAILURE = 0x46;
/** Maximum of the length byte. */
const MAX_FAILURE_LENGTH = 255;

/** `S` and the result. */
export function success(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(SUCCESS), ...parts]);
}

/** `S` and a JSON text. */
export function successJson(value: unknown): Buffer {
  return success(Buffer.from(JSON.stringify(value), 'utf8'));
}

/** `F` and a message, truncated to 255 bytes. */
export function failure(message: string): Buffer {
  const text = Buffer.from(message, 'utf8').subarray(0, MAX_FAILURE_LENGTH);
  return Buffer.concat([Buffer.of(FAILURE, text.length), text]);
}

/** The outcome according to the reply: `done`, or the failure message. */
export function outcomeOf(reply: Buffer): string {
  return reply[0] === FAILURE ? reply.toString('utf8', 2) : 'done';
}
