/**
 * Puts what the gateway and the command line start with into few files: a start opens some fifty instead of 450. The
 * entries take the place of those that the compiler wrote, and find the rest in dist/src/chunks. So whoever compiles
 * by `tsc` alone runs what that has written, never a bundle of an earlier source.
 *
 * Names and lines are kept, for stack traces that can be read. Packages with native parts stay where they are, and so
 * do those that few runs load.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRIES = ['main.js', 'history/store-thread.js'];
const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'src');

/** CommonJS packages ask for Node's own modules by `require`, which a module does not have. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);`;

await build({
  entryPoints: ENTRIES,
  absWorkingDir: source,
  outbase: source,
  outdir: source,
  allowOverwrite: true,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  banner: { js: REQUIRE },
  external: ['libsql', 'serialport', '@serialport/bindings-cpp', 'mqtt', 'prom-client'],
  logLevel: 'warning',
});

/** The compiler's, of what lay there before. */
for (const entry of ENTRIES) rmSync(join(source, `${entry}.map`));
