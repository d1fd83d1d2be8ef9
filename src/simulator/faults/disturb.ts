import type { LineFault, LineFaultName, Passing } from './fault.js';

/** What is left of some bytes, and which faults had a part in it. */
export interface Disturbed {
  readonly bytes: Buffer;
  readonly causes: readonly LineFaultName[];
}

/** Sends bytes through one fault after another. */
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
