/**
 * Writes every position that a node reports to a CSV file: time, node, latitude, longitude.
 *
 *     node examples/log-positions.mjs FILE.csv [COUNT]
 *
 * Ends after COUNT positions, or with Ctrl-C. A new run appends to the file.
 * The gateway must be running: npx meshgate start --simulate
 */
import { appendFileSync, existsSync } from 'node:fs';
import { connect } from 'meshgate';

const [file = 'positions.csv', count] = process.argv.slice(2);
const limit = Number(count ?? Infinity);
if (!existsSync(file)) appendFileSync(file, 'time,node,latitude,longitude\n');

const client = await connect();
console.log(`writing positions to ${file}`);

let written = 0;
for await (const event of client.subscribe({ kinds: ['value'], types: ['GPS', 'Position'] })) {
  if (event.kind === 'gap') console.log('some positions were missed');
  if (event.kind !== 'value') continue;

  const { node, fields, receivedAt } = event.value;
  const time = new Date(receivedAt).toISOString();
  appendFileSync(file, `${time},${node},${fields.latitude.value},${fields.longitude.value}\n`);
  if (++written >= limit) break;
}
client.close();
