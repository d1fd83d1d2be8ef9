/**
 * Voltages as the data of an envelope.
 *
 *     HV_BINARY   block 1 | ms since 1970 8 | volts f64 8       little-endian, 17 bytes each
 *     HV_TEXT     `<ISO time> <block> <volts>\n`
 */

export interface VoltagePoint {
  /** 0–255. */
  readonly block: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly volts: number;
}

export const BINARY_POINT_LENGTH = 17;

export function encodeBinaryPoints(points: readonly VoltagePoint[]): Buffer {
  const bytes = Buffer.alloc(points.length * BINARY_POINT_LENGTH);
  for (const [index, { block, at, volts }] of points.entries()) {
    const start = index * BINARY_POINT_LENGTH;
    bytes.writeUInt8(block, start);
    bytes.writeBigUInt64LE(BigInt(at), start + 1);
    bytes.writeDoubleLE(volts, start + 9);
  }
  return bytes;
}

/** Undefined for an incomplete last point, and for a time that is not a date. */
export function decodeBinaryPoints(bytes: Buffer): VoltagePoint[] | undefined {
  if (bytes.length % BINARY_POINT_LENGTH !== 0) return undefined;
  const points = Array.from({ length: bytes.length / BINARY_POINT_LENGTH }, (_, index) => {
    const start = index * BINARY_POINT_LENGTH;
    return {
      block: bytes.readUInt8(start),
      at: Number(bytes.readBigUInt64LE(start + 1)),
      volts: bytes.readDoubleLE(start + 9),
    };
  });
  return points.every(({ at }) => isDate(at)) ? points : undefined;
}

export function encodeTextPoints(points: readonly VoltagePoint[]): Buffer {
  const lines = points.map(({ block, at, volts }) => `${new Date(at).toISOString()} ${block} ${volts}\n`);
  return Buffer.from(lines.join(''));
}

const LINE = /^(\S+) (\d{1,3}) (-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** Undefined if a line is not valid. */
export function decodeTextPoints(bytes: Buffer): VoltagePoint[] | undefined {
  const lines = bytes.toString('utf8').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const points = lines.map(readLine);
  return points.every((point) => point !== undefined) ? points : undefined;
}

function readLine(line: string): VoltagePoint | undefined {
  const [, time = '', block = '', volts = ''] = LINE.exec(line) ?? [];
  const at = Date.parse(time);
  return isDate(at) && Number(block) <= 0xff ? { block: Number(block), at, volts: Number(volts) } : undefined;
}

/** The maximum of a `Date`. */
const LAST_DATE_MS = 8.64e15;

function isDate(ms: number): boolean {
  return Math.abs(ms) <= LAST_DATE_MS;
}
