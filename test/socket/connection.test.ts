import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { SharedLimits } from '../../src/api/shared-limits.js';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { Connection, type Dialect, type DialectType } from '../../src/socket/connection.js';
import { readAll } from '../support/classic-client.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

/** Reports which of the two it is, and the first input, then waits. */
class Echo implements Dialect {
  constructor(
    readonly name: string,
    readonly connection: Connection,
  ) {}

  onBytes(chunk: Buffer): void {
    this.connection.decide('sending');
    this.connection.output.push(Buffer.from(`${this.name} ${chunk.toString()}`));
  }

  onClientEnd(): void {
    this.connection.finish('clientLeft');
  }

  onTimeout(): void {
    this.connection.reply(Buffer.from(`${this.name} waited`), 'timedOut');
  }

  refuse(): void {}
  stop(): void {}

  stopNow(): void {
    this.connection.finish('stopped');
  }

  close(): void {}
}

function echo(name: string, first?: string): DialectType {
  return {
    isSpokenBy: (byte) => first === undefined || byte === first.charCodeAt(0),
    open: (connection) => new Echo(name, connection),
    refusal: () => Buffer.from(`${name} is full`),
  };
}

interface Pair {
  readonly connection: Connection;
  /** Closes its side when it is made to, and no sooner. */
  readonly client: Socket;
  /** Why the connection ended. */
  readonly ended: Promise<string>;
}

async function withConnection(run: (pair: Pair) => Promise<void>, requestTimeoutMs = 60_000): Promise<void> {
  const folder = temporaryFolder();
  const path = join(folder.path, 's');
  const server = createServer({ allowHalfOpen: true }).listen(path);
  await once(server, 'listening');
  const client = connect({ path, allowHalfOpen: true });
  const [socket] = (await once(server, 'connection')) as [Socket];
  let onEnd: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    onEnd = resolve;
  });
  const connection = new Connection('client 1', socket, {
    clock: systemClock,
    log: createLog('socket', () => {}),
    settings: { requestTimeoutMs, outboxLimit: 65_536 },
    dialects: [echo('first', '{'), echo('last')],
    role: 'read',
    via: path,
    shared: new SharedLimits(systemClock),
    onEnd: (_connection, reason) => onEnd(reason),
  });
  await run({ connection, client, ended });
  client.destroy();
  server.close();
  folder.remove();
}

for (const [what, said, heard] of [
  ['the first byte chooses the dialect', '{x', 'first {x'],
  ['the last dialect takes what no other takes', 'x{', 'last x{'],
] as const) {
  test(what, (t) =>
    withConnection(async ({ client }) => {
      client.write(said);
      const [chunk] = (await once(client, 'data')) as [Buffer];
      t.is(chunk.toString(), heard);
    }),
  );
}

test('the last dialect answers a client that sends nothing in time', (t) =>
  withConnection(async ({ client, ended }) => {
    client.once('end', () => client.end());
    t.is((await readAll(client)).toString(), 'last waited');
    t.is(await ended, 'timedOut');
  }, 1));

test('a client beyond the limit is refused in its own dialect', (t) =>
  withConnection(async ({ connection, client, ended }) => {
    connection.refuse();
    client.once('end', () => client.end());
    client.write('{x');
    t.is((await readAll(client)).toString(), 'first is full');
    t.is(await ended, 'tooMany');
  }));

test('input after the gateway has closed its side is dropped, and changes nothing', (t) =>
  withConnection(async ({ connection, client, ended }) => {
    client.write('x');
    await once(client, 'data');
    connection.stopNow();
    connection.output.push(Buffer.from('late'));
    connection.reply(Buffer.from('late'), 'answered');
    client.once('end', () => client.end());
    t.is((await readAll(client)).toString(), '');
    t.is(await ended, 'stopped');
  }));
