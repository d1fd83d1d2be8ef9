/** Fault files of the virtual mesh. */
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { loadFaults } from '../../src/simulator/faults/fault-file.js';
import { PRESETS } from '../../src/simulator/faults/presets.js';
import type { Target } from '../target.js';
import { outcomeOf, TextFile } from './text-file.js';

const presets = Object.values(PRESETS).map(({ faults }) => stringify(faults));
const keys = [...new Set(presets.join('\n').match(/\w+(?= =)/g))];
const file = new TextFile('faults.toml');

export const faultsTarget: Target = {
  name: 'faults',
  words: [...keys, ' = ', '[1, 2]', 'nan', 'inf', '1e999', '[[silences]]\n', '[', ']\n'],
  inputs: fc
    .tuple(fc.constantFrom(...presets), fc.constantFrom(...keys), fc.oneof(fc.float(), fc.nat(), fc.string()))
    .map(([text, key, given]) =>
      Buffer.from(text.replace(new RegExp(`${key} = .*`), `${key} = ${JSON.stringify(given)}`)),
    ),
  run(input) {
    file.write(input);
    return outcomeOf('BAD_CONFIG', () => loadFaults(file.path));
  },
};
