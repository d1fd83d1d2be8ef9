/** Bytes and times as Python writes them: the format of the predecessor's log files. */

const BACKSLASH = 0x5c;
const QUOTE = 0x27;
const NAMED: ReadonlyMap<number, string> = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
]);

/** `repr(bytes)`: `b'\x00A'`; in double quotes where there is a single quote and no double one. */
export function bytesRepr(bytes: Uint8Array): string {
  const quote = bytes.includes(QUOTE) && !bytes.includes('"'.charCodeAt(0)) ? '"' : "'";
  return `b${quote}${Array.from(bytes, (byte) => byteRepr(byte, quote)).join('')}${quote}`;
}

function byteRepr(byte: number, quote: string): string {
  const text = String.fromCharCode(byte);
  if (byte === BACKSLASH || text === quote) return `\\${text}`;
  const isPrintable = byte >= 0x20 && byte < 0x7f;
  return isPrintable ? text : (NAMED.get(byte) ?? `\\x${byte.toString(16).padStart(2, '0')}`);
}

/**
 * `str(datetime.now())`: `2026-11-29 07:26:12.123456`, local time. `at`: ms since the epoch, host clock. Always with six
 * decimals: Python omits them if all are zero, which is rare with microseconds, but one in a thousand with milliseconds,
 * and a reader that expects a fixed format would fail.
 */
export function localTimeText(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const microseconds = Math.floor((at - Math.floor(at / 1000) * 1000) * 1000);
  return `${day} ${time}.${String(microseconds).padStart(6, '0')}`;
}
