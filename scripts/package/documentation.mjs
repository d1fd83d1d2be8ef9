/** Manual page, documentation, examples, changelog, licenses. */
import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MAINTAINER } from './control.mjs';
import { root } from './run.mjs';
import { meshgate, put } from './system-files.mjs';

const DOC = 'usr/share/doc/meshgate';
const EXAMPLES = ['prometheus.yml', 'meshgate-alerts.yml', 'grafana'];

/** `source`: the unpacked npm package. */
export function addDocumentation(tree, source, { version, date }) {
  put(tree, 'usr/share/man/man1/meshgate.1.gz', gzip(meshgate('manual')));
  put(tree, `${DOC}/changelog.gz`, gzip(changelog(version, date)));
  put(tree, `${DOC}/NEWS.md`, readFileSync(join(root, 'CHANGELOG.md')));
  put(tree, `${DOC}/copyright`, readFileSync(join(root, 'packaging', 'debian', 'copyright')));
  put(tree, `${DOC}/LICENSE.node.gz`, gzip(readFileSync(join(dirname(source), 'LICENSE.node'))));
  put(
    tree,
    'usr/share/lintian/overrides/meshgate',
    readFileSync(join(root, 'packaging', 'debian', 'lintian-overrides')),
  );
  put(
    tree,
    'usr/share/meshgate/python/meshgate.py',
    readFileSync(join(source, 'clients/python/meshgate.py')),
  );
  cpSync(join(source, 'docs'), join(tree, DOC, 'docs'), { recursive: true });
  cpSync(join(source, 'examples'), join(tree, DOC, 'examples'), { recursive: true });
  for (const name of EXAMPLES) {
    cpSync(join(source, 'packaging', name), join(tree, DOC, 'examples', name), { recursive: true });
  }
}

/** In Debian's form; CHANGELOG.md has the changes. */
function changelog(version, date) {
  const day = date.toUTCString().replace('GMT', '+0000');
  return `meshgate (${version}) stable; urgency=medium

  * Changes: NEWS.md.

 -- ${MAINTAINER}  ${day}
`;
}

function gzip(content) {
  return gzipSync(content, { level: 9 });
}
