/**
 * Replies of the classic dialect.
 *
 *     S | result          F | length (1) | message, UTF-8
 */

/** A reply in whole, or, where it may be of many megabytes, its pieces as they are made. */
export type Reply = Buffer | IterableIterator<Buffer>;

const SUCCESS = 0x53;
const FAILURE = 0x46;
/** The most that the length byte can say. */
const MAX_FAILURE_LENGTH = 255;

/** `S` and what was asked for. */
export function success(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(SUCCESS), ...parts]);
}

/** `S` and a JSON text. */
export function successJson(value: unknown): Buffer {
  return success(Buffer.from(JSON.stringify(value), 'utf8'));
}

/** `F` and a message of at most 255 bytes; a longer one is cut. */
export function failure(message: string): Buffer {
  const text = Buffer.from(message, 'utf8').subarray(0, MAX_FAILURE_LENGTH);
  return Buffer.concat([Buffer.of(FAILURE, text.length), text]);
}

/** What a reply says of how it went: `done`, or the failure's message. */
export function outcomeOf(reply: Buffer): string {
  return reply[0] === FAILURE ? reply.toString('utf8', 2) : 'done';
}
