import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { createLog } from '../../src/base/log.js';
import { PageFiles } from '../../src/socket/web/page-files.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';

const PAGE = '<title>a page</title>';

/** The list of files has been read when this resolves. */
async function serve(t: ExecutionContext) {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'assets'));
  writeFileSync(join(folder.path, 'index.html'), PAGE);
  writeFileSync(join(folder.path, 'assets', 'a.js'), 'let a;');
  writeFileSync(join(folder.path, 'assets', 'a.js.gz'), gzipSync('let a;'));
  const logged: string[] = [];
  const log = createLog('web', (line) => logged.push(line));
  const files = new PageFiles(folder.path, log);
  const server = createServer(async (request, response) => {
    if (!(await files.serve((request.url ?? '').split('?')[0] ?? '', request, response)))
      response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    folder.remove();
  });
  const { port } = server.address() as AddressInfo;
  await askHttp(`http://127.0.0.1:${port}/`);
  return { at: `http://127.0.0.1:${port}`, folder: folder.path, logged };
}

test('the page is found at / only, and compressed files under the name of their content', async (t) => {
  const { at } = await serve(t);
  const gzip = { 'accept-encoding': 'gzip' };
  t.is((await askHttp(`${at}/?x=1`)).body.toString(), PAGE);
  const packed = await askHttp(`${at}/assets/a.js`, { headers: gzip });
  t.is(packed.headers['content-type'], 'text/javascript; charset=utf-8');
  t.is(packed.headers['content-encoding'], 'gzip');
  t.is(packed.headers.vary, 'Accept-Encoding');
  for (const path of [
    '/assets/a.js.gz',
    '/assets/a.js/',
    '/assets',
    '/index',
    '/assets/..%2f..%2fetc/passwd',
  ])
    t.is((await askHttp(at + path, { headers: gzip })).status, 404, path);
});

test('a range is ignored: the complete file is returned', async (t) => {
  const { at } = await serve(t);
  for (const range of ['bytes=5-2', 'bytes=999999-', 'bytes=0-1', 'lines=x']) {
    const answer = await askHttp(`${at}/`, { headers: { range } });
    t.deepEqual([answer.status, answer.body.toString()], [200, PAGE], range);
  }
});

test('a directory that is missing has no files', async (t) => {
  const files = new PageFiles(
    '/nowhere/page',
    createLog('web', () => {}),
  );
  t.false(await files.serve('/', {} as never, {} as never));
});

for (const [what, change, why] of [
  ['has gone', (path: string) => rmSync(path), /ENOENT/],
  ['has become shorter', (path: string) => writeFileSync(path, 'short'), /changed/],
  ['has become longer', (path: string) => writeFileSync(path, PAGE + PAGE), /changed/],
] as const) {
  test(`a file that ${what} since the start ends the answer, and the others continue`, async (t) => {
    const { at, folder, logged } = await serve(t);
    change(join(folder, 'index.html'));
    await askHttp(`${at}/`).catch(() => {});
    t.is((await askHttp(`${at}/assets/a.js`)).body.toString(), 'let a;');
    t.regex(logged.join('\n'), why);
  });
}
