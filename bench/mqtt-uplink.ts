/**
 * How fast the MQTT connector brings events to a broker, against a bare publisher that gives the same broker the same
 * topics and payloads with the same QoS and as many unacknowledged: in turns, in the same run. The broker is
 * mosquitto, in a process of its own.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, connectAsync } from 'mqtt';
import { createLog } from '../src/base/log.js';
import { MqttConnector } from '../src/connectors/mqtt/mqtt-connector.js';
import type { OpenBroker, Publication } from '../src/mqtt/broker.js';
import { openBrokerBy } from '../src/mqtt/open-broker.js';
import { FakeBroker } from '../test/support/fake-broker.js';
import { Mosquitto } from '../test/support/mosquitto.js';
import { MQTT_SETTINGS } from '../test/support/mqtt-fixture.js';
import { NetworkFixture } from '../test/support/network-fixture.js';
import { FACTS } from '../test/support/session-fixture.js';

/** Three events each: as many as the hub's ring holds by default. */
const MESSAGES = 3300;
const EVENTS_HELD = 10_000;
const ROUNDS = 25;
/** Publications that may be unacknowledged: what the connector allows itself, and what mosquitto allows with MQTT 5. */
const UNACKNOWLEDGED = { '3.1.1': 256, 5: 20 } as const;

type Version = keyof typeof UNACKNOWLEDGED;

export async function run(): Promise<object[]> {
  const broker = await Mosquitto.start();
  const mesh = await fullRing();
  try {
    return [await compare(broker, mesh, '3.1.1'), await compare(broker, mesh, 5)];
  } finally {
    await broker.remove();
  }
}

async function compare(broker: Mosquitto, mesh: NetworkFixture, version: Version): Promise<object> {
  const recorder = new FakeBroker();
  await drain(makeConnector(broker, mesh, version, recorder.open));
  const publications = recorder.taken;
  const bare: number[] = [];
  const connector: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await runBare(broker.url, version, publications));
    connector.push(await drain(makeConnector(broker, mesh, version, openBrokerBy(connect))));
  }
  return {
    what: `MQTT ${version}, ${publications.length} publications, ${ROUNDS} rounds`,
    'bare, messages/s': median(bare).toFixed(0),
    'connector, messages/s': median(connector).toFixed(0),
    'ratio of each pair, median': median(connector.map((rate, round) => rate / (bare[round] ?? 0))).toFixed(
      2,
    ),
  };
}

/** Data messages of 50 nodes, that wait for a broker. */
async function fullRing(): Promise<NetworkFixture> {
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0, eventsHeld: EVENTS_HELD });
  for (let said = 0; said < MESSAGES; said++) {
    const body = Buffer.from('0005440200070139300009BC00', 'hex');
    body.writeUInt16BE(5 + (said % 50), 0);
    body[5] = said % 256;
    mesh.network.onFrame(body);
  }
  return mesh;
}

/** A connector that starts with a full ring. */
function makeConnector(
  broker: Mosquitto,
  { hub, clock }: NetworkFixture,
  version: Version,
  openBroker: OpenBroker,
): MqttConnector {
  const stateFile = join(broker.folder, 'state.json');
  writeFileSync(
    stateFile,
    JSON.stringify({ at: `${broker.url}/farm/north`, acknowledged: hub.feed.lastSeq() - 3 * MESSAGES }),
  );
  const settings = {
    ...MQTT_SETTINGS,
    url: broker.url,
    version: version === 5 ? ('5' as const) : version,
    stateFile,
  };
  const log = createLog('mqtt', () => {}, clock);
  const parts = { hub, gateway: FACTS, clock, log, stateDirectory: undefined };
  return new MqttConnector(settings, parts, openBroker);
}

/** Messages a second. */
async function runBare(url: string, version: Version, publications: readonly Publication[]): Promise<number> {
  const client = await connectAsync(url, { protocolVersion: version === 5 ? 5 : 4 });
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    let next = 0;
    let open = 0;
    const pump = () => {
      while (open < UNACKNOWLEDGED[version]) {
        const publication = publications[next++];
        if (!publication) break;
        open++;
        const { topic, payload, retain } = publication;
        client.publish(topic, payload, { qos: 1, retain }, onDone);
      }
      if (open === 0) resolve();
    };
    const onDone = () => {
      open--;
      pump();
    };
    pump();
  });
  const rate = (publications.length * 1000) / (performance.now() - begun);
  await client.endAsync();
  return rate;
}

/** Messages a second. */
async function drain(connector: MqttConnector): Promise<number> {
  connector.start();
  while (connector.counters().broker !== 'up') await turn();
  const begun = performance.now();
  while (!isDone(connector)) await turn();
  const rate = (connector.counters().outbox.acknowledged * 1000) / (performance.now() - begun);
  await connector.stop();
  return rate;
}

function isDone(connector: MqttConnector): boolean {
  const { events, outbox } = connector.counters();
  return events.behind === 0 && outbox.unacknowledged === 0;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
