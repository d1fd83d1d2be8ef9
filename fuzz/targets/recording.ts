/** Recordings that are damaged, cut short or joined. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { packageRoot } from '../../src/base/package-root.js';
import { FILE_MAGIC, openRecording } from '../../src/recorder/recording.js';
import { must, type Target } from '../target.js';
import { outcomeOf } from './text-file.js';

const FOLDER = join(packageRoot, 'test', 'recordings');
const recordings = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.mgrec'))
  .map((name) => readFileSync(join(FOLDER, name)).subarray(0, 4096));

export const recordingTarget: Target = {
  name: 'recording',
  words: [
    FILE_MAGIC,
    'MGBK',
    Buffer.of(0, 1),
    Buffer.of(0xff, 0xff),
    '{"gateway":"","run":"r","redacted":false}',
  ],
  inputs: fc
    .array(fc.tuple(fc.constantFrom(...recordings), fc.nat(4096), fc.nat(2048)), { maxLength: 3 })
    .map((cuts) => Buffer.concat(cuts.map(([bytes, from, length]) => bytes.subarray(from, from + length)))),
  run(input) {
    let records = 0;
    const outcome = outcomeOf('BAD_RECORDING', () => {
      const recording = openRecording('a file', input);
      for (const entry of recording.entries()) {
        must(Number.isFinite(entry.at), 'a record without a time');
        records++;
      }
      must(recording.damage.bytes <= input.length, 'more damage than bytes');
    });
    must(records <= input.length * 100, 'more records than fit');
    return `${outcome} ${Math.min(records, 1)}`;
  },
};
