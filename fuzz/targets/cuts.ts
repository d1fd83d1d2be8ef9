/** Cuts bytes into pieces by their own content: the same input is always cut the same way. */
export function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1 + ((bytes[0] ?? 0) % 7); at < bytes.length; ) {
    yield Buffer.from(bytes.subarray(at, at + size));
    at += size;
    size = 1 + ((bytes[at] ?? 0) % 13);
  }
}
