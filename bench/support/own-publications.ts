import type { Publication } from '../../src/mqtt/broker.js';
import { MqttFixture } from '../../test/support/mqtt-fixture.js';

const NODES = 50;
const FIRST_NODE = 5;

/** Sequence and place, twice as often as battery and temperature: what a node of the second generation sends. */
const BODIES = ['0005440200070139300009BC00', '000544021000B8112A05', '0005440200070139300009BC00'];

/** What the connector publishes of so many data messages of 50 nodes, one after another: events and the picture. */
export async function ownPublications(messages: number): Promise<readonly Publication[]> {
  const fixture = await MqttFixture.start();
  const before = fixture.broker.taken.length;
  for (let said = 0; said < messages; said++) {
    const body = Buffer.from(BODIES[Math.floor(said / NODES) % BODIES.length] ?? '', 'hex');
    body.writeUInt16BE(FIRST_NODE + (said % NODES), 0);
    fixture.mesh.network.onFrame(body);
    await fixture.settle();
  }
  await fixture.connector.stop();
  return fixture.broker.taken.slice(before);
}
