import type { LineFault, LineFaultName, Passing } from './fault.js';

/** The bytes after all faults, and the faults that changed them. */
export interface Disturbed {
  readonly bytes: Buffer;
  readonly causes: readonly LineFaultName[];
}

/** Passes bytes through one fault after another. */
export function disturb(faults: readonly LineFault[], bytes: Buffer, passing: Passing): Disturbed {
  const causes: LineFaultName[] = [];
  let left = bytes;
  for (const fault of faults) {
    const before = left;
    left = fault.disturb(before, passing);
    if (!left.equals(before)) causes.push(fault.name);
  }
  return { bytes: left, causes };
}
