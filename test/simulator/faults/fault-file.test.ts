import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import * as z from 'zod';
import { MeshgateError } from '../../../src/base/errors.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { loadFaults } from '../../../src/simulator/faults/fault-file.js';
import { planSchema, readFaults } from '../../../src/simulator/faults/fault-plan.js';
import { PRESET_NAMES, PRESETS } from '../../../src/simulator/faults/presets.js';
import { temporaryFile } from '../../support/tables.js';

for (const [says, toml] of [
  ['bytes.flip = 2: must be a probability from 0 to 1', '[bytes]\nflip = 2'],
  ['bytes.lose = "0.1": must be a probability from 0 to 1', '[bytes]\nlose = "0.1"'],
  ['bytes.flop: unknown fault or setting', '[bytes]\nflop = 0.1'],
  ['noise: unknown fault or setting', '[noise]\nflip = 0.1'],
  ['bytes_to_root = 3: must be a section', 'bytes_to_root = 3'],
  ['log_text.chance: must be a probability from 0 to 1', '[log_text]'],
  [
    'storm.for_s: must be seconds from 0.1 to 2592000: a number or [min, max]',
    '[storm]\nafter_s = 3\nrate_hz = 5',
  ],
  ['resets.after_s = [9,3]: must be seconds from 0.1 to 2592000', '[resets]\nafter_s = [9, 3]'],
  ['resets.after_s = [1,2,3]: must be seconds', '[resets]\nafter_s = [1, 2, 3]'],
  ['resets.after_s = 0: must be seconds', '[resets]\nafter_s = 0'],
  ['resets.times.0 = 0: must be a number of times', '[resets]\nafter_s = 1\ntimes = [0, 2]'],
  ['resets.in_frame = "no": must be true or false', '[resets]\nafter_s = 1\nin_frame = "no"'],
  [
    'silence.0.until = "noon": must be "restart", "lines" or "reopen"',
    '[[silence]]\nafter_s = 1\nuntil = "noon"',
  ],
  [
    'silence.1.for_s: is required unless until is set',
    '[[silence]]\nafter_s = 1\nfor_s = 1\n[[silence]]\nafter_s = 1',
  ],
  ['silence = {"after_s":1}: must be one or more [[silence]] sections', '[silence]\nafter_s = 1'],
  [
    'wrong_baud.baud = 74880.5: must be a whole number from 300 to 4000000',
    '[wrong_baud]\nafter_s = 1\nfor_s = 1\nbaud = 74880.5',
  ],
  ['churn.share = 1: must be a fraction from 0 to 0.99', '[churn]\nshare = 1'],
  ['line 1, column 2: Invalid TOML document', '[bytes'],
] as const) {
  test(`a fault file is refused: ${says}`, (t) => {
    const file = temporaryFile(t, 'faults.toml', toml);
    const error = t.throws(() => loadFaults(file), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_CONFIG');
    t.true(error?.message.startsWith(`${file}: ${says}`), error?.message);
  });
}

test('a name that is neither a file nor a preset is refused, and the presets are listed', (t) => {
  for (const name of ['nosy-cable', 'toString', '/nonexistent.toml']) {
    const error = t.throws(() => loadFaults(name), { instanceOf: MeshgateError });
    t.is(error?.code, 'BAD_CONFIG');
    t.is(error?.message, `faults "${name}": no such file or preset`);
    t.is(error?.hint, `available presets: ${PRESET_NAMES.join(', ')}`);
  }
});

test('a fault file may be empty: then there are no faults', (t) => {
  t.deepEqual(loadFaults(temporaryFile(t, 'faults.toml', '')), {});
});

test('times are read as ranges of milliseconds, and omitted settings have defaults', (t) => {
  const file = temporaryFile(
    t,
    'faults.toml',
    '[resets]\nafter_s = [20, 90]\n[wrong_baud]\nafter_s = 5\nfor_s = 0.5\n[line]\n[bytes]\nflip = 0.001\n',
  );
  t.deepEqual(loadFaults(file), {
    bytes: { flip: 0.001, lose: 0, double: 0 },
    wrong_baud: { after_s: { min: 5_000, max: 5_000 }, for_s: { min: 500, max: 500 }, baud: 74_880 },
    line: { baud: 115_200, latency_s: { min: 1, max: 16 } },
    resets: {
      after_s: { min: 20_000, max: 90_000 },
      times: { min: 1, max: 1 },
      apart_s: { min: 1_000, max: 1_000 },
      in_frame: true,
    },
  });
});

test('every preset is a valid fault file, and has faults', (t) => {
  for (const name of PRESET_NAMES) {
    t.deepEqual(loadFaults(name), readFaults(PRESETS[name].faults, name));
    t.true(Object.keys(loadFaults(name)).length > 0, name);
  }
});

test('mixed has every kind of fault', (t) => {
  t.deepEqual(Object.keys(PRESETS.mixed.faults).sort(), Object.keys(planSchema.shape).sort());
});

test('every setting of a fault file is explained in docs/simulator.md, and nothing else', (t) => {
  t.deepEqual(documented().sort(), Object.entries(planSchema.shape).flatMap(settingsOf).sort());
});

test('every fault file in docs/simulator.md is valid, and a preset copied from there equals the preset', (t) => {
  const files = [...docs().matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const read = files.map((text) => loadFaults(temporaryFile(t, 'faults.toml', text)));
  t.deepEqual(read.slice(1), PRESET_NAMES.map(loadFaults));
});

function docs(): string {
  return readFileSync(join(packageRoot, 'docs', 'simulator.md'), 'utf8');
}

/** `resets.after_s`: from the table of faults. */
function documented(): string[] {
  return docs()
    .split('\n')
    .flatMap((line) => /^\| `(\w+)`, `(\w+)` \|/.exec(line)?.slice(1, 3).join('.') ?? []);
}

function settingsOf([name, schema]: [string, z.ZodType]): string[] {
  let inner: unknown = schema;
  while (!(inner instanceof z.ZodObject)) {
    if (inner instanceof z.ZodOptional) inner = inner.unwrap();
    else if (inner instanceof z.ZodArray) inner = inner.element;
    else throw new Error(`${name} is no section`);
  }
  return Object.keys(inner.shape).map((key) => `${name}.${key}`);
}
