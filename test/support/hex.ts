/**
 * Bytes in the notation of the wire book: `FF 00 05 FE`. `41*3` is 41 41 41, `(FA 05)*2` is FA 05 FA 05.
 * Throws on anything else.
 */
export function bytesOf(text: string): Buffer {
  const flat = text.replace(/\(([^()]*)\)\*(\d+)/g, (_, group: string, times: string) =>
    `${group} `.repeat(Number(times)),
  );
  return Buffer.concat(words(flat).map(bytesOfWord));
}

/** `FF 00 05 FE`. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

/** `0005`, as in the wire book. */
export function addressText(address: number): string {
  return address.toString(16).toUpperCase().padStart(4, '0');
}

/** Input on a line: bytes, or a silence in ms. */
export type LineStep = Buffer | number;

/** Bytes with silences between: `FF 00 ~500ms 41`. */
export function lineSteps(text: string): LineStep[] {
  const parts = text.split(/~(\d+)ms/);
  return parts.map((part, index) => (index % 2 === 0 ? bytesOf(part) : Number(part)));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function bytesOfWord(word: string): Buffer {
  const [, byte, times = '1'] = /^([0-9A-F]{2})(?:\*(\d+))?$/.exec(word) ?? [];
  if (byte === undefined) throw new Error(`${word} is no byte of the wire book`);
  return Buffer.alloc(Number(times), Number.parseInt(byte, 16));
}
