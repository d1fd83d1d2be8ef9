/**
 * Simulates a UART that receives at a different baud rate than the sender's.
 *
 *     idle 1 | start 0 | 8 bits, lowest first | stop 1
 *
 * The reader takes a falling edge for a start bit, and samples the middle of each bit at its own rate.
 */
const START_AND_DATA_BITS = 9;
const DATA_BITS = 8;

/** The bytes that are read; unchanged if the rates are equal. The line is idle before and after. */
export function resample(bytes: Uint8Array, sentBaud: number, readBaud: number): Buffer {
  const bits = [...bytes].flatMap(bitsOf);
  /** The reader's bit length, in bits of the sender. */
  const step = sentBaud / readBaud;
  const read: number[] = [];
  for (let start = nextEdge(bits, 0); start !== -1; ) {
    read.push(readByte(bits, start, step));
    start = nextEdge(bits, Math.ceil(start + (START_AND_DATA_BITS + 0.5) * step));
  }
  return Buffer.from(read);
}

function bitsOf(byte: number): number[] {
  return [0, ...Array.from({ length: DATA_BITS }, (_, bit) => (byte >> bit) & 1), 1];
}

function readByte(bits: readonly number[], start: number, step: number): number {
  let byte = 0;
  for (let bit = 0; bit < DATA_BITS; bit++) {
    const level = bits[Math.floor(start + (bit + 1.5) * step)] ?? 1;
    byte |= level << bit;
  }
  return byte;
}

/** Index of the next falling edge, at `from` or later; -1 if there is none. */
function nextEdge(bits: readonly number[], from: number): number {
  for (let at = from; at < bits.length; at++) {
    if (bits[at] === 0 && (bits[at - 1] ?? 1) === 1) return at;
  }
  return -1;
}
