/** Units, udev rule, accounts, settings, completions. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run } from './run.mjs';

/** Paths in the package by file of packaging/. */
const FILES = {
  'meshgate.socket': 'usr/lib/systemd/system/meshgate.socket',
  '60-meshgate.rules': 'usr/lib/udev/rules.d/60-meshgate.rules',
  'meshgate.sysusers': 'usr/lib/sysusers.d/meshgate.conf',
  'meshgate.toml': 'etc/meshgate/meshgate.toml',
};

const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/meshgate',
  zsh: 'usr/share/zsh/vendor-completions/_meshgate',
  fish: 'usr/share/fish/vendor_completions.d/meshgate.fish',
};

/** A gateway installed by npm in /usr/local must not run instead of the package's. */
const ANY_MESHGATE = 'ExecStart=/usr/bin/env meshgate ';
const THIS_MESHGATE = 'ExecStart=/usr/bin/meshgate ';

export function addSystemFiles(tree) {
  for (const [name, path] of Object.entries(FILES)) put(tree, path, packagingFile(name));
  const unit = packagingFile('meshgate.service');
  if (!unit.includes(ANY_MESHGATE)) throw new Error(`meshgate.service has no ${ANY_MESHGATE}`);
  put(tree, 'usr/lib/systemd/system/meshgate.service', unit.replace(ANY_MESHGATE, THIS_MESHGATE));
  chmodSync(join(tree, FILES['meshgate.toml']), 0o640);
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    put(tree, path, meshgate('completion', shell));
  }
}

/** What a command of the built program prints. */
export function meshgate(...args) {
  return run(process.execPath, [join(root, 'dist', 'src', 'main.js'), ...args]);
}

export function put(tree, path, content) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function packagingFile(name) {
  return readFileSync(join(root, 'packaging', name), 'utf8');
}
