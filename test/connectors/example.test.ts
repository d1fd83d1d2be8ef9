/** The connector of docs/connectors.md, with a Graphite that is a socket of this test. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { graphite } from '../../examples/connector.js';
import { createLog } from '../../src/base/log.js';
import { packageRoot } from '../../src/base/package-root.js';
import { loadConfig, settingNames } from '../../src/config/load.js';
import { loadConnectors } from '../../src/connectors/load.js';
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
  const server = new Graphite();
  const port = await server.listen();
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0, eventsHeld });
  const { hub, clock } = mesh;
  const log = createLog('graphite', () => {}, clock);
  const settings = graphite.settings.parse({ host: '127.0.0.1', port });
  const options = { hub, gateway: FACTS, clock, log, stateDirectory: undefined };
  const connector = await graphite.create(settings, options);
  t.teardown(async () => {
    await connector?.stop();
    for (const socket of server.sockets) socket.destroy();
    server.server.close();
  });
  if (!connector) throw new Error('it is not enabled');
  return { server, mesh, connector };
}

test('each number becomes a line', async (t) => {
  const { server, mesh, connector } = await start(t);
  connector.start();
  mesh.say('00 05 44 02 00 07 11 A0 05');
  await server.has('mesh.5.Temperature.temperature 14.4 1767225600\n');
  t.true(server.text.includes('mesh.5.Sequence.sequence 7 1767225600\n'));
  t.is(connector.counters().lines, 2);
});

test('events while Graphite is away are sent when it is back', async (t) => {
  const { server, mesh, connector } = await start(t);
  connector.start();
  mesh.say('00 05 44 01 00 01');
  await server.has('sequence 1 ');
  server.sockets[0]?.destroy();
  while (connector.counters().connected) await new Promise(setImmediate);
  mesh.say('00 05 44 01 00 02', '00 05 44 01 00 03');
  await mesh.pass(5000);
  await server.has('sequence 3 ');
  t.true(server.text.includes('sequence 2 '));
  t.is(connector.counters().connections, 2);
});

test('events that have left the ring are counted', async (t) => {
  const { server, mesh, connector } = await start(t, 10);
  for (let value = 0; value < 40; value++) mesh.say('00 05 44 01 00 07');
  connector.start();
  await server.has('sequence 7 ');
  t.true(Number(connector.counters().eventsMissed) > 50);
});

test('without a host it is not enabled', async (t) => {
  const { hub, clock } = await NetworkFixture.up({ refreshEveryMs: 0 });
  const options = { hub, gateway: FACTS, clock, log: createLog('graphite'), stateDirectory: undefined };
  t.is(await graphite.create(graphite.settings.parse({}), options), undefined);
});

test('its manifest is enough: settings, variables and the connector come from it', async (t) => {
  const sections = { graphite: graphite.settings };
  const env = { MESHGATE_GRAPHITE_HOST: '127.0.0.1' };
  const config = loadConfig({ flags: { graphite: { port: '1' } }, env }, sections);
  t.true(settingNames(sections).includes('graphite.port'));
  t.throws(() => loadConfig({ flags: { graphite: { port: 0 } }, env }, sections), {
    code: 'BAD_CONFIG',
    message: 'graphite.port = 0: must be a whole number from 1 to 65535 (given on the command line)',
  });
  const { hub, clock } = await NetworkFixture.up({ refreshEveryMs: 0 });
  const logOf = (room: string) => createLog(room, () => {}, clock);
  const options = { hub, gateway: FACTS, clock, logOf, stateDirectory: undefined };
  const connectors = await loadConnectors(config, options, [graphite]);
  t.deepEqual([...connectors.keys()], ['graphite']);
});

test('it is a connector of about 75 lines, as docs/connectors.md has it', (t) => {
  const text = readFileSync(join(packageRoot, 'examples', 'connector.ts'), 'utf8');
  const code = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(\/?\*|\/\/|import)/.test(line));
  t.true(code.length <= 80, `${code.length} lines`);
});
