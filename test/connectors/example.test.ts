/** The connector of docs/connectors.md, at a Graphite that is a socket of this test. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { GraphiteConnector } from '../../examples/connector.js';
import { createLog } from '../../src/base/log.js';
import { packageRoot } from '../../src/base/package-root.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { FACTS } from '../support/session-fixture.js';

class Graphite {
  text = '';
  readonly sockets: Socket[] = [];
  readonly server: Server;
  #onText = () => {};

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.setEncoding('utf8').on('data', (text: string) => {
        this.text += text;
        this.#onText();
      });
    });
  }

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as { port: number }).port;
  }

  has(line: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onText = () => this.text.includes(line) && resolve();
      this.#onText();
    });
  }
}

async function start(t: ExecutionContext, eventsHeld = 1000) {
  const graphite = new Graphite();
  const port = await graphite.listen();
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0, eventsHeld });
  const { hub, clock } = mesh;
  const log = createLog('graphite', () => {}, clock);
  const connector = new GraphiteConnector({ host: '127.0.0.1', port }, { hub, gateway: FACTS, clock, log });
  t.teardown(async () => {
    await connector.stop();
    for (const socket of graphite.sockets) socket.destroy();
    graphite.server.close();
  });
  return { graphite, mesh, connector };
}

test('each number becomes a line', async (t) => {
  const { graphite, mesh, connector } = await start(t);
  connector.start();
  mesh.say('00 05 44 02 00 07 11 A0 05');
  await graphite.has('mesh.5.Temperature.temperature 14.4 1767225600\n');
  t.true(graphite.text.includes('mesh.5.Sequence.sequence 7 1767225600\n'));
  t.is(connector.counters().lines, 2);
});

test('what happens while Graphite is away comes when it is back', async (t) => {
  const { graphite, mesh, connector } = await start(t);
  connector.start();
  mesh.say('00 05 44 01 00 01');
  await graphite.has('sequence 1 ');
  graphite.sockets[0]?.destroy();
  while (connector.isConnected) await new Promise(setImmediate);
  mesh.say('00 05 44 01 00 02', '00 05 44 01 00 03');
  await mesh.pass(5000);
  await graphite.has('sequence 3 ');
  t.true(graphite.text.includes('sequence 2 '));
  t.is(connector.counters().connections, 2);
});

test('what the ring has let go of is counted', async (t) => {
  const { graphite, mesh, connector } = await start(t, 10);
  for (let value = 0; value < 40; value++) mesh.say('00 05 44 01 00 07');
  connector.start();
  await graphite.has('sequence 7 ');
  t.true(connector.counters().eventsMissed > 50);
});

test('it is a connector of about 60 lines, as docs/connectors.md has it', (t) => {
  const text = readFileSync(join(packageRoot, 'examples', 'connector.ts'), 'utf8');
  const code = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(\/?\*|\/\/|import)/.test(line));
  t.true(code.length <= 65, `${code.length} lines`);
});
