/** The connector in a complete gateway, with a broker of MQTT 3.1.1 in this process. */
import test, { type ExecutionContext } from 'ava';
import { AedesBroker } from '../../support/aedes-broker.js';
import { type FixtureOptions, startGateway, temporaryFolder } from '../../support/gateway-fixture.js';
import { MqttWatcher } from '../../support/mqtt-client.js';
import { killProcesses, startProcess } from '../../support/process-fixture.js';

const BASE = 'farm/north';

/** A broker, a gateway connected to it, and a program that receives all that the gateway publishes. */
async function join(t: ExecutionContext, settings: FixtureOptions['settings'] = {}) {
  const broker = await AedesBroker.start();
  const watcher = await MqttWatcher.connect(broker.url, ['#']);
  const mqtt = { url: broker.url, id: 'north', prefix: 'farm', ...(settings.mqtt as object | undefined) };
  const gateway = await startGateway({ settings: { ...settings, mqtt } });
  t.teardown(async () => {
    await gateway.close();
    await watcher.close();
    await broker.vanish();
  });
  await watcher.until(() => watcher.at(`${BASE}/status`));
  return { broker, watcher, gateway };
}

test('with a broker that supports only 3.1.1 the gateway uses 3.1.1', async (t) => {
  const { gateway, watcher } = await join(t);
  gateway.root.say('00 05 44 01 00 07');
  const node = await watcher.until(() => watcher.at(`${BASE}/node/0x0005`));
  t.like(node, {
    address: 5,
    status: 'active',
    values: [{ type: 'Sequence', fields: { sequence: { value: 7 } } }],
  });
  t.is(await watcher.until(() => watcher.at<number>(`${BASE}/node/0x0005/Sequence/sequence`)), 7);
  const message = await watcher.until(() => watcher.at(`${BASE}/event/message/0x0005/Data`));
  t.like(message, { kind: 'message', message: { from: 5, body: '000544010007' } });
});

test('the state is retained: a late subscriber gets it at once', async (t) => {
  const { broker, gateway, watcher } = await join(t);
  gateway.root.say('00 05 44 01 00 07');
  await watcher.until(() => watcher.at(`${BASE}/node/0x0005`));
  const late = await MqttWatcher.connect(broker.url, [`${BASE}/#`]);
  t.teardown(() => late.close());
  for (const topic of ['status', 'link', 'alarms', 'paths', 'robots', 'counters', 'node/0x0005']) {
    await late.until(() => late.at(`${BASE}/${topic}`));
  }
  t.true(late.received.every(({ packet, topic }) => packet.retain === !topic.includes('/event/')));
});

test('a command and its answer, with all stages of its delivery', async (t) => {
  const { gateway, watcher } = await join(t);
  const response = { topic: 'me', correlation: '1' };
  watcher.publish(`${BASE}/cmd/send`, { node: 5, hex: '4501', until: 'answered', response });
  await gateway.root.nextBody();
  gateway.root.say('00 05 41 01');
  const answer = await watcher.until(() => {
    const last = watcher.at<{ result?: object }>('me');
    return last?.result && last;
  });
  t.like(answer, { command: 'send', correlation: '1', result: { stage: 'answered', answer: '01' } });
  const stages = watcher.received
    .filter(({ topic }) => topic === 'me')
    .map(({ text }) => JSON.parse(text).delivery?.stage);
  t.deepEqual(stages, ['queued', 'written', 'answered', undefined]);
});

test('a retained command at the broker is refused when the gateway connects', async (t) => {
  const broker = await AedesBroker.start();
  const watcher = await MqttWatcher.connect(broker.url, ['#']);
  watcher.publish(`${BASE}/cmd/log`, { text: 'again' }, { retain: true });
  await watcher.until(() => watcher.at(`${BASE}/cmd/log`));
  const gateway = await startGateway({
    settings: { mqtt: { url: broker.url, id: 'north', prefix: 'farm' } },
  });
  t.teardown(async () => {
    await gateway.close();
    await watcher.close();
    await broker.vanish();
  });
  const answer = await watcher.until(() => watcher.at(`${BASE}/answer/log`));
  t.like(answer, { error: { code: 'RETAINED' } });
});

test('a gateway that is stopped is offline, and may be stopped twice', async (t) => {
  const { gateway, watcher } = await join(t);
  await gateway.gateway.stop();
  await gateway.gateway.stop();
  const status = await watcher.until(() => {
    const last = watcher.at(`${BASE}/status`);
    return last?.state === 'offline' && last;
  });
  t.like(status, { reason: 'stopped' });
});

test('a broker that was away and has lost its state gets every event from the meantime', async (t) => {
  const { broker, gateway, watcher } = await join(t);
  const { hub, root } = gateway;
  root.say('00 05 44 01 00 01');
  await watcher.until(() => watcher.at(`${BASE}/event/message/0x0005/Data`));
  const from = hub.feed.lastSeq();
  await broker.vanish();
  for (let value = 2; value < 100; value++)
    root.say(`00 05 44 01 00 ${value.toString(16).padStart(2, '0').toUpperCase()}`);
  const to = hub.feed.lastSeq();
  await broker.comeBack();
  await watcher.until(() => watcher.eventNumbers.has(to));
  const after = [...watcher.eventNumbers].filter((seq) => seq > from);
  t.deepEqual(
    after,
    Array.from({ length: to - from }, (_, index) => from + 1 + index),
  );
  t.is(
    watcher.received.findLast(({ topic }) => topic === `${BASE}/node/0x0005/Sequence/sequence`)?.text,
    '99',
  );
});

test('the counters of the connector are among the counters', async (t) => {
  const { gateway, watcher } = await join(t);
  const counters = await watcher.until(() =>
    watcher.at<{ counters: { clients: { mqtt: object } } }>(`${BASE}/counters`),
  );
  t.like(counters, { counters: { clients: { mqtt: { broker: 'up', isContested: false } } } });
  t.true(gateway.logged.some((line) => line.includes(`connected to mqtt://127.0.0.1:`)));
});

test('--mqtt connects to a broker; a gateway that is stopped publishes so', async (t) => {
  const broker = await AedesBroker.start();
  const watcher = await MqttWatcher.connect(broker.url, ['#']);
  const folder = temporaryFolder();
  t.teardown(async () => {
    await killProcesses();
    await watcher.close();
    await broker.vanish();
    folder.remove();
  });
  const args = [
    '--simulate',
    '--nodes',
    '2',
    '--http',
    'off',
    '--socket',
    `${folder.path}/s`,
    '--mqtt',
    broker.url,
  ];
  const gateway = await startProcess(args, { MESHGATE_MQTT_ID: 'north', MESHGATE_MQTT_PREFIX: 'farm' });
  await watcher.until(() => watcher.at(`${BASE}/node/0x0005`));
  t.is((await gateway.stop('SIGINT')).code, 0);
  t.like(watcher.at(`${BASE}/status`), { state: 'offline', reason: 'stopped', pid: gateway.pid });
});

test('contradictory settings keep the gateway from starting', async (t) => {
  for (const [mqtt, why] of [
    [{ ca_file: '/nowhere.pem' }, /mqtt\.ca_file/],
    [{ commands: 'nonsense' }, /unknown command "nonsense"/],
  ] as const) {
    const error = await t.throwsAsync(
      startGateway({ settings: { mqtt: { url: 'mqtt://127.0.0.1:1', ...mqtt } } }),
    );
    t.like(error, { code: 'BAD_CONFIG' });
    t.regex(error?.message ?? '', why);
  }
});
