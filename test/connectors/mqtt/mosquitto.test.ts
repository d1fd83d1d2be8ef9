/** The connector in a complete gateway, with Debian's broker: MQTT 5 and 3.1.1, passwords, certificates, and a killed broker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { GivenSettings } from '../../../src/config/given.js';
import { type GatewayFixture, startGateway } from '../../support/gateway-fixture.js';
import {
  type Certificates,
  hasMosquitto,
  Mosquitto,
  type MosquittoOptions,
  makeCertificates,
  passwordLine,
  stopBrokers,
} from '../../support/mosquitto.js';
import { MqttWatcher } from '../../support/mqtt-client.js';

const BASE = 'farm/north';
const brokerTest = hasMosquitto ? test : test.skip;
const title = (what: string) => `${what}${hasMosquitto ? '' : ' (skipped: mosquitto or openssl not found)'}`;

const folder = mkdtempSync(join(tmpdir(), 'mg-tls-'));
let certificates: Certificates;

test.before(() => {
  if (hasMosquitto) certificates = makeCertificates(folder);
});

test.after.always(async () => {
  await stopBrokers();
  rmSync(folder, { recursive: true, force: true });
});

async function start(t: ExecutionContext, options: MosquittoOptions = {}): Promise<Mosquitto> {
  const broker = await Mosquitto.start(options);
  t.teardown(() => broker.remove());
  return broker;
}

async function watch(t: ExecutionContext, broker: Mosquitto, options = {}): Promise<MqttWatcher> {
  const watcher = await MqttWatcher.connect(broker.url, ['#'], options);
  t.teardown(() => watcher.close());
  return watcher;
}

async function join_(t: ExecutionContext, url: string, mqtt: GivenSettings = {}, mesh: GivenSettings = {}) {
  const gateway = await startGateway({
    settings: { mqtt: { url, id: 'north', prefix: 'farm', ...mqtt }, mesh },
  });
  t.teardown(() => gateway.close());
  return gateway;
}

/** Resolves when a line of a gateway's log matches. */
async function logged({ logged }: GatewayFixture, pattern: RegExp): Promise<string> {
  for (let round = 0; round < 1500; round++) {
    const line = logged.find((entry) => pattern.test(entry));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${pattern} was not logged:\n${logged.join('\n')}`);
}

brokerTest(
  title('with MQTT 5 fields have their time as a property, and commands their response topic'),
  async (t) => {
    const broker = await start(t);
    const watcher = await watch(t, broker, { protocolVersion: 5 });
    const { root } = await join_(t, broker.url);
    await watcher.until(() => watcher.at(`${BASE}/status`));
    root.say('00 05 44 01 00 07');
    const field = await watcher.until(() =>
      watcher.received.find(({ topic }) => topic.endsWith('/Sequence/sequence')),
    );
    const { at } = (field.packet.properties?.userProperties ?? {}) as Record<string, string>;
    t.true(Math.abs(Number(at) - Date.now()) < 20_000);
    const correlationData = Buffer.from([1, 2]);
    watcher.publish(
      `${BASE}/cmd/node`,
      { node: 5 },
      { properties: { responseTopic: 'reply/me', correlationData } },
    );
    const answer = await watcher.until(() => watcher.received.find(({ topic }) => topic === 'reply/me'));
    t.deepEqual(answer.packet.properties?.correlationData, correlationData);
    t.like(JSON.parse(answer.text), { command: 'node', result: { address: 5, name: 'Node-5' } });
  },
);

brokerTest(title('with MQTT 5 a command published as retained is refused at once'), async (t) => {
  const broker = await start(t);
  const watcher = await watch(t, broker);
  await join_(t, broker.url);
  await watcher.until(() => watcher.at(`${BASE}/status`));
  watcher.publish(`${BASE}/cmd/log`, { text: 'again' }, { retain: true });
  t.like(await watcher.until(() => watcher.at(`${BASE}/answer/log`)), { error: { code: 'RETAINED' } });
});

brokerTest(title('the right user and password are accepted, wrong ones refused'), async (t) => {
  const broker = await start(t, {
    lines: ['allow_anonymous false'],
    linesIn: (own) => [passwordLine(own, { north: 'right', watcher: 'sees' })],
  });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'right\n');
  const watcher = await watch(t, broker, { username: 'watcher', password: 'sees' });
  for (const version of ['5', '3.1.1']) {
    const refused = await join_(t, broker.url, {
      version,
      id: `no${version}`,
      user: 'north',
      password: 'wrong',
    });
    await logged(refused, /rejected the user or password|does not authorize this client/);
    const anonymous = await join_(t, broker.url, { version, id: `an${version}` });
    await logged(anonymous, /rejected the user or password|does not authorize this client/);
    await join_(t, broker.url, { version, id: `yes${version}`, user: 'north', password_file: passwordFile });
    await watcher.until(() => watcher.at(`farm/yes${version}/status`));
  }
  const named = await join_(t, `mqtt://north:right@127.0.0.1:${broker.port}`, { id: 'url' });
  await watcher.until(() => watcher.at('farm/url/status'));
  t.false(named.logged.some((line) => line.includes('right')));
});

brokerTest(
  title('the broker’s access rules apply: rejected topics are logged, undelivered commands have no effect'),
  async (t) => {
    const broker = await start(t, {
      lines: ['allow_anonymous false'],
      linesIn: (own) => {
        const rules = [
          'user north',
          `topic readwrite ${BASE}/#`,
          'user watcher',
          'topic read #',
          'topic write other/#',
        ];
        writeFileSync(join(own, 'rules'), `${rules.join('\n')}\n`);
        return [passwordLine(own, { north: 'n', watcher: 'w' }), `acl_file ${join(own, 'rules')}`];
      },
    });
    const watcher = await watch(t, broker, { username: 'watcher', password: 'w' });
    const gateway = await join_(t, broker.url, { user: 'north', password: 'n', discovery: 'homeassistant' });
    await watcher.until(() => watcher.at(`${BASE}/counters`));
    await logged(gateway, /rejected homeassistant\/device\/farm-north\/config: .*Not authorized/);
    watcher.publish(`${BASE}/cmd/log`, { text: 'may I?' });
    gateway.root.say('00 05 45 00');
    await watcher.until(() => watcher.at(`${BASE}/event/message/0x0005/Echo`));
    t.is(watcher.at(`${BASE}/answer/log`), undefined);
  },
);

brokerTest(
  title('TLS with certificates on both sides; without the right ones the reason is reported'),
  async (t) => {
    const { ca, cert, key, clientCert, clientKey } = certificates;
    const broker = await start(t, {
      lines: [
        `cafile ${ca}`,
        `certfile ${cert}`,
        `keyfile ${key}`,
        'require_certificate true',
        'use_identity_as_username true',
      ],
    });
    const secure = `mqtts://localhost:${broker.port}`;
    const client = { cert_file: clientCert, key_file: clientKey };
    for (const version of ['5', '3.1.1']) {
      const good = await join_(t, secure, { version, id: `good${version}`, ca_file: ca, ...client });
      await logged(good, /connected to mqtts:\/\/localhost/);
    }
    await logged(await join_(t, secure, client), /the TLS connection failed/);
    await logged(
      await join_(t, `mqtts://127.0.0.1:${broker.port}`, { ca_file: ca, ...client }),
      /the TLS connection failed/,
    );
    await logged(
      await join_(t, secure, { ca_file: ca }),
      /the TLS connection failed|the connection was lost/,
    );
    await logged(await join_(t, broker.url), /the connection was lost|could not be reached/);
    t.pass();
  },
);

brokerTest(title('a broker that starts later is connected to when it appears'), async (t) => {
  const broker = await start(t);
  await broker.kill();
  const gateway = await join_(t, broker.url);
  await logged(gateway, /could not be reached \(.*ECONNREFUSED/);
  await broker.launch();
  await logged(gateway, /connected to/);
  t.pass();
});

for (const version of ['5', '3.1.1']) {
  brokerTest(
    title(`a broker that is killed in the middle of traffic: every event is accounted for, MQTT ${version}`),
    async (t) => {
      const broker = await start(t, {
        lines: [
          'allow_anonymous true',
          'max_inflight_messages 0',
          'max_queued_messages 0',
          'persistence true',
        ],
        linesIn: (own) => [`persistence_location ${own}/`],
      });
      const watcher = await watch(t, broker, { clientId: 'watcher', clean: false });
      const { root, hub } = await join_(t, broker.url, { version });
      await watcher.until(() => watcher.at(`${BASE}/status`));
      const from = hub.feed.lastSeq() + 1;
      await broker.save();
      let said = 0;
      const traffic = setInterval(() => {
        for (let burst = 0; burst < 10; burst++) root.say(`00 05 45 ${hexOf(said++)}`);
      }, 5);
      t.teardown(() => clearInterval(traffic));
      // Messages that mosquitto has acknowledged but not yet delivered to the watcher die with it.
      const isUpToDate = () => watcher.eventNumbers.has(hub.feed.lastSeq() - 100);
      for (let round = 0; round < 2; round++) {
        await watcher.until(() => watcher.eventNumbers.size > 300 * (round + 1) && isUpToDate());
        await broker.kill();
        await broker.launch();
      }
      const killedAt = hub.feed.lastSeq();
      await watcher.until(() => watcher.eventNumbers.has(killedAt));
      clearInterval(traffic);
      const to = hub.feed.lastSeq();
      await watcher.until(() => watcher.eventNumbers.has(to));
      const had = watcher.eventNumbers;
      const missing = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
        (seq) => !had.has(seq),
      );
      t.deepEqual(missing, []);
      t.deepEqual(
        [...had],
        [...had].sort((a, b) => a - b),
      );
    },
  );
}

function hexOf(value: number): string {
  return (value % 250).toString(16).toUpperCase().padStart(2, '0');
}

for (const version of ['5', '3.1.1']) {
  brokerTest(
    title(`a second gateway with the same id is noticed, named, and not fought for ever, MQTT ${version}`),
    async (t) => {
      const broker = await start(t);
      const watcher = await watch(t, broker);
      const first = await join_(t, broker.url, { version });
      await watcher.until(() => watcher.at(`${BASE}/status`));
      const second = await join_(t, broker.url, { version });
      const [noticed] = await Promise.race([
        Promise.all([logged(first, /two gateways use the id north/)]),
        Promise.all([logged(second, /two gateways use the id north/)]),
      ]);
      t.regex(
        noticed,
        /at mqtt:\/\/127\.0\.0\.1:\d+: this one and meshgate \S+ on \S+, process \d+; change mqtt\.id of one of them$/,
      );
    },
  );
}
