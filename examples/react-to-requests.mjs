/**
 * Answers requests from robots: prints each request and sends an Ack to the robot.
 *
 *     node examples/react-to-requests.mjs [COUNT]
 *
 * Ends after COUNT requests, or with Ctrl-C. The gateway must be running: npx meshgate start --simulate
 * (a simulated robot sends a request every minute or two).
 */
import { connect } from 'meshgate';

const count = Number(process.argv[2] ?? Infinity);
const client = await connect();
console.log('waiting for requests');

let answered = 0;
for await (const event of client.subscribe({ kinds: ['message'], opcodes: ['Request'] })) {
  if (event.kind === 'gap') console.log('some requests were missed');
  if (event.kind !== 'message') continue;

  const node = event.message.from;
  // The body is address (2 bytes), opcode (1), payload.
  const payload = event.message.body.slice(6);
  const delivery = await client.send({ node, text: 'A' });
  console.log(`node ${node} requests ${payload}; answer ${delivery.stage}`);
  if (++answered >= count) break;
}
client.close();
