/** DEBIAN/: what dpkg is told about the package, and its scripts. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';

const { DEBFULLNAME = 'the meshgate authors', DEBEMAIL = 'meshgate@localhost' } = process.env;

/** Who built it, by the variables of Debian's own tools. */
export const MAINTAINER = `${DEBFULLNAME} <${DEBEMAIL}>`;

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** Last: it counts what the other parts have added. */
export function writeControl(tree, { version, arch }) {
  const folder = join(tree, 'DEBIAN');
  const size = Number.parseInt(run('du', ['-sk', '--apparent-size', tree]), 10);
  mkdirSync(folder);
  const values = { VERSION: version, ARCH: arch, MAINTAINER, SIZE: size };
  const template = readFileSync(join(root, 'packaging', 'debian', 'control'), 'utf8');
  writeFileSync(
    join(folder, 'control'),
    template.replace(/@(\w+)@/g, (_, name) => String(values[name])),
  );
  writeFileSync(join(folder, 'conffiles'), '/etc/meshgate/meshgate.toml\n');
  for (const name of SCRIPTS) {
    copyFileSync(join(root, 'packaging', 'debian', name), join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(join(folder, 'md5sums'), checksums(tree));
}

function checksums(tree) {
  const find = `find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\\0' | sort -z | xargs -0 md5sum`;
  return run('sh', ['-c', find], { cwd: tree });
}
