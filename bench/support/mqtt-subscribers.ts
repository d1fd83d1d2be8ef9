/** So many connections that read every topic of a prefix, and count. Asked for anything, they tell how many came. */
import { createInterface } from 'node:readline';
import { connectAsync } from 'mqtt';

export interface Read {
  readonly received: number;
}

const [url = '', connections = '1', qos = '1'] = process.argv.slice(2);
let received = 0;

const clients = await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const client = await connectAsync(url, { protocolVersion: 5 });
    client.on('message', (_topic, _payload, { retain }) => {
      if (!retain) received++;
    });
    await client.subscribeAsync('farm/#', { qos: qos === '1' ? 1 : 0 });
    return client;
  }),
);

console.log('{}');
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ received } satisfies Read));
}
await Promise.all(clients.map((client) => client.endAsync()));
