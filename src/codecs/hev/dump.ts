/** Lines of a dump file: one payload each, without frame, as `b'b67d7e…'`. */

const LINE = /^b'((?:[0-9a-f]{2})+)'\r?$/;

export function formatDumpLine(payload: Uint8Array): string {
  return `b'${Buffer.from(payload).toString('hex')}'\n`;
}

/** Undefined for a line of another form. */
export function parseDumpLine(line: string): Buffer | undefined {
  const [, hex] = LINE.exec(line) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}
