import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.js';
import type { Protocol } from '../../src/codecs/dcss/frame.js';
import type { ReadFault } from '../../src/codecs/dcss/frame-reader.js';

interface Wire {
  readonly meaning: string;
  /** Latin-1; NUL up to `padTo` bytes. */
  readonly wire: string;
  readonly padTo?: number;
}

interface FrameVector extends Wire {
  readonly protocol: Protocol;
  readonly text: string;
  readonly binarySize?: number;
}

interface MessageVector {
  readonly text: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export interface DcssVectors {
  readonly frames: readonly FrameVector[];
  readonly alsoRead: readonly FrameVector[];
  readonly faults: readonly (Wire & { readonly fault: ReadFault })[];
  readonly toHardware: readonly MessageVector[];
  readonly toHardwareShort: readonly { readonly text: string; readonly same: string }[];
  readonly fromHardware: readonly MessageVector[];
  readonly refused: readonly { readonly text: string; readonly why: string }[];
}

export const dcssVectors = JSON.parse(
  readFileSync(join(packageRoot, 'test', 'vectors', 'dcss.json'), 'utf8'),
) as DcssVectors;

export function wireOf({ wire, padTo = 0 }: Wire): Buffer {
  const bytes = Buffer.from(wire, 'latin1');
  return bytes.length >= padTo ? bytes : Buffer.concat([bytes, Buffer.alloc(padTo - bytes.length)]);
}
