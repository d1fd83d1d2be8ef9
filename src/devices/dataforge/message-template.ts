/** Templates of messages with one number in them: `30 {f32le}` is the byte 30, then the number as a little-endian float. */

const WRITERS = {
  u8: [1, (bytes, value) => bytes.writeUInt8(whole(value, 0, 0xff))],
  i16le: [2, (bytes, value) => bytes.writeInt16LE(whole(value, -0x8000, 0x7fff))],
  i16be: [2, (bytes, value) => bytes.writeInt16BE(whole(value, -0x8000, 0x7fff))],
  u16le: [2, (bytes, value) => bytes.writeUInt16LE(whole(value, 0, 0xffff))],
  u16be: [2, (bytes, value) => bytes.writeUInt16BE(whole(value, 0, 0xffff))],
  i32le: [4, (bytes, value) => bytes.writeInt32LE(whole(value, -0x8000_0000, 0x7fff_ffff))],
  i32be: [4, (bytes, value) => bytes.writeInt32BE(whole(value, -0x8000_0000, 0x7fff_ffff))],
  u32le: [4, (bytes, value) => bytes.writeUInt32LE(whole(value, 0, 0xffff_ffff))],
  u32be: [4, (bytes, value) => bytes.writeUInt32BE(whole(value, 0, 0xffff_ffff))],
  f32le: [4, (bytes, value) => bytes.writeFloatLE(value)],
  f32be: [4, (bytes, value) => bytes.writeFloatBE(value)],
  f64le: [8, (bytes, value) => bytes.writeDoubleLE(value)],
  f64be: [8, (bytes, value) => bytes.writeDoubleBE(value)],
} as const satisfies Readonly<Record<string, readonly [number, (bytes: Buffer, value: number) => void]>>;

/** The message for a value. Throws a `RangeError` for a value that does not fit. */
export type MessageTemplate = (value: number) => Buffer;

/** Undefined unless the text is bytes in hex and exactly one placeholder. */
export function parseTemplate(text: string): MessageTemplate | undefined {
  const [before = '', name = '', after = '', ...more] = text.split(/[{}]/);
  const writer = Object.hasOwn(WRITERS, name) ? WRITERS[name as keyof typeof WRITERS] : undefined;
  const [head, tail] = [hexBytes(before), hexBytes(after)];
  if (!writer || !head || !tail || more.length > 0 || text.indexOf('{') > text.indexOf('}')) return undefined;
  const [length, write] = writer;
  return (value) => {
    const bytes = Buffer.alloc(length);
    write(bytes, value);
    return Buffer.concat([head, bytes, tail]);
  };
}

function hexBytes(text: string): Buffer | undefined {
  const digits = text.replace(/\s+/g, '');
  return /^(?:[0-9a-f]{2})*$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

function whole(value: number, min: number, max: number): number {
  const rounded = Math.round(value);
  if (!(rounded >= min && rounded <= max)) throw new RangeError(`${value} is not from ${min} to ${max}`);
  return rounded;
}
