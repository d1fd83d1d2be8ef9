/**
 * Answers robots that ask for something: prints each request and sends the robot an Ack.
 *
 *     node examples/react-to-requests.mjs [COUNT]
 *
 * Ends after COUNT requests, or with Ctrl-C. The gateway must be running: npx meshgate start --simulate
 * (a robot of the simulation asks once a minute or two).
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
  console.log(`node ${node} requests ${payload}; its answer is ${delivery.stage}`);
  if (++answered >= count) break;
}
client.close();
