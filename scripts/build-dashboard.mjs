/** Bundles the dashboard page into dist/dashboard: nothing is loaded from the network when it runs. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src', 'dashboard');
const target = join(root, 'dist', 'dashboard');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const { metafile } = await build({
  entryPoints: [join(source, 'main.tsx')],
  outdir: join(target, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.svg': 'dataurl', '.png': 'dataurl' },
  tsconfig: join(source, 'tsconfig.json'),
  absWorkingDir: root,
});

/** Parts that are loaded later are entries too, to esbuild. */
const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint?.endsWith('/main.tsx'));
const [script, { cssBundle }] = entry;
const page = readFileSync(join(source, 'index.html'), 'utf8')
  .replace('main.js', asset(script))
  .replace('main.css', asset(cssBundle ?? ''));
writeFileSync(join(target, 'index.html'), page);
compress(target);

function asset(output) {
  return output.slice(output.indexOf('assets/'));
}

/** Browsers get these; they are made once, not for each visitor. */
function compress(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) compress(path);
    else if (/\.(js|css|html)$/.test(entry.name))
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}
