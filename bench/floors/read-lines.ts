/** Connects to a port many times, cuts what comes into lines, and reads the numbers: the minimum for instruments. */
import { connect } from 'node:net';

const [, , , target = ''] = process.argv;
const [port = 0, count = 0] = target.split(':').map(Number);
let sum = 0;

for (let index = 0; index < count; index++) {
  let rest = '';
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('utf8');
  socket
    .on('error', () => process.exit(1))
    .on('data', (text) => {
      const lines = (rest + String(text)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) for (const cell of line.split(',')) sum += Number(cell);
    });
}
process.on('exit', () => process.stderr.write(`${sum}\n`));
process.stdout.write('ready\n');
