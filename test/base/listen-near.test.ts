import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { listenNear, listenOn } from '../../src/base/listen-near.js';

function failing(code: string, ports: number[]) {
  return (port: number): Promise<number> => {
    ports.push(port);
    return Promise.reject(Object.assign(new Error(`${port}`), { code }));
  };
}

test('without an explicit port ten ports are tried, and the error is that of the first', async (t) => {
  const tried: number[] = [];
  const wish = { port: 7654, isRequired: false };
  await t.throwsAsync(listenNear(wish, failing('EADDRINUSE', tried)), { message: '7654' });
  t.deepEqual([tried.length, tried[0], tried.at(-1)], [10, 7654, 7663]);
});

test('an explicit port, and any error but a port in use, is final', async (t) => {
  for (const [code, isRequired] of [
    ['EADDRINUSE', true],
    ['EACCES', false],
  ] as const) {
    const tried: number[] = [];
    await t.throwsAsync(listenNear({ port: 7654, isRequired }, failing(code, tried)));
    t.deepEqual(tried, [7654]);
  }
});

test('a server that finds its port in use listens on another', async (t) => {
  const taken = createServer();
  const port = await listenOn(taken, { host: '127.0.0.1', port: 0 });
  const server = createServer();
  await t.throwsAsync(listenOn(server, { host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
  t.not(await listenOn(server, { host: '127.0.0.1', port: 0 }), port);
  t.is(server.listenerCount('error') + server.listenerCount('listening'), 0);
  for (const one of [taken, server]) {
    one.close();
    await once(one, 'close');
  }
});
