/** The devices that docs, the package's configuration and the empty page of the dashboard show can be loaded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { EXAMPLE } from '../../src/dashboard/pages/devices/example.js';
import { InstrumentFixture } from '../support/instrument-fixture.js';

function read(file: string): string {
  return readFileSync(join(packageRoot, file), 'utf8');
}

/** Blocks of TOML that begin with a device. */
const documented = [...read('docs/devices.md').matchAll(/^```toml\n(\[\[device\]\]\n.*?)^```/gms)].map(
  ([, toml = '']) => toml,
);
/** Commented out as `#[[device]]`. */
const [packaged = ''] = /(?:^#\[\[device\]\]\n)(?:^#.+\n)+/m.exec(read('packaging/meshgate.toml')) ?? [];

const EXAMPLES: readonly (readonly [string, string])[] = [
  ...documented.map((toml, index) => [`docs/devices.md, number ${index + 1}`, toml] as const),
  ['packaging/meshgate.toml', packaged.replace(/^#/gm, '')],
  ['the empty page of the dashboard', EXAMPLE],
];

test('every example is found', (t) => {
  t.true(documented.length >= 3);
  for (const [name, toml] of EXAMPLES) t.true(toml.startsWith('[[device]]\n'), name);
});

for (const [name, toml] of EXAMPLES) {
  test(`the device of ${name} can be loaded`, async (t) => {
    await t.notThrowsAsync(() => InstrumentFixture.load(toml));
  });
}
