/** Templates of messages with one number in them: `30 {f32le}` is the byte 30, then the number as a little-endian float. */

type Writer = readonly [length: number, write: (bytes: Buffer, value: number) => void];

/** Each throws for a value that does not fit. */
const WRITERS: Readonly<Record<string, Writer>> = {
  u8: [1, (bytes, value) => bytes.writeUInt8(Math.round(value))],
  i16le: [2, (bytes, value) => bytes.writeInt16LE(Math.round(value))],
  i16be: [2, (bytes, value) => bytes.writeInt16BE(Math.round(value))],
  u16le: [2, (bytes, value) => bytes.writeUInt16LE(Math.round(value))],
  u16be: [2, (bytes, value) => bytes.writeUInt16BE(Math.round(value))],
  i32le: [4, (bytes, value) => bytes.writeInt32LE(Math.round(value))],
  i32be: [4, (bytes, value) => bytes.writeInt32BE(Math.round(value))],
  u32le: [4, (bytes, value) => bytes.writeUInt32LE(Math.round(value))],
  u32be: [4, (bytes, value) => bytes.writeUInt32BE(Math.round(value))],
  f32le: [4, (bytes, value) => bytes.writeFloatLE(value)],
  f32be: [4, (bytes, value) => bytes.writeFloatBE(value)],
  f64le: [8, (bytes, value) => bytes.writeDoubleLE(value)],
  f64be: [8, (bytes, value) => bytes.writeDoubleBE(value)],
};

/** The message for a value; undefined for a value that does not fit. */
export type MessageTemplate = (value: number) => Buffer | undefined;

/** Undefined unless the text is bytes in hex and exactly one placeholder. */
export function parseTemplate(text: string): MessageTemplate | undefined {
  const [, before = '', name = '', after = ''] = /^([^{}]*)\{(\w+)\}([^{}]*)$/.exec(text) ?? [];
  const writer = Object.hasOwn(WRITERS, name) ? WRITERS[name] : undefined;
  const [head, tail] = [hexBytes(before), hexBytes(after)];
  return writer && head && tail && ((value) => fill(head, writer, value, tail));
}

/** NaN would be written as 0. */
function fill(head: Buffer, [length, write]: Writer, value: number, tail: Buffer): Buffer | undefined {
  if (!Number.isFinite(value)) return undefined;
  const bytes = Buffer.alloc(length);
  try {
    write(bytes, value);
  } catch {
    return undefined;
  }
  return Buffer.concat([head, bytes, tail]);
}

/** `45:01`, `4501`, `45 01`. */
export function hexBytes(text: string): Buffer | undefined {
  const digits = text.replace(/[\s:]+/g, '');
  return /^(?:[0-9a-f]{2})*$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}
