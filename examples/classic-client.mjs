/**
 * The classic dialect, for existing programs: one command with its reply, then messages as they arrive.
 *
 *     node examples/classic-client.mjs [COUNT]
 *
 * Ends after COUNT messages, or with Ctrl-C. The gateway must be running: npx meshgate start --simulate
 */
import { ClassicClient } from 'meshgate';

const count = Number(process.argv[2] ?? Infinity);
const client = new ClassicClient();

const [active] = await client.command('ACT-C');
console.log(`${active} active nodes`);

let received = 0;
function show({ address, opcode, payload }) {
  console.log(`node ${address}: ${String.fromCharCode(opcode)} ${payload.toString('hex')}`);
  if (++received >= count) client.close();
}
client.on('A', show).on('R', show);
await client.listen(() => console.log('connection closed'));

// Every node answers an Echo (E) with an Ack (A) that has the same payload.
const allNodes = Buffer.of(0, 0);
await client.command('BCAST', Buffer.concat([allNodes, Buffer.from('Ehello')]));
