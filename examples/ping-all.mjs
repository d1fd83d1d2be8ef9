/**
 * Pings every node and prints the round-trip times.
 *
 *     node examples/ping-all.mjs
 *
 * The gateway must be running: npx meshgate start --simulate
 */
import { connect } from 'meshgate';

const client = await connect();
const { nodes } = await client.nodes();

// All at once: the gateway paces them.
const pings = await Promise.all(nodes.map(({ address }) => client.ping({ node: address })));
for (const { node, answered, roundTripMs } of pings) {
  console.log(`node ${node}: ${answered ? `${Math.round(roundTripMs)} ms` : 'no answer'}`);
}
console.log(`${pings.filter(({ answered }) => answered).length} of ${pings.length} nodes answered`);
client.close();
