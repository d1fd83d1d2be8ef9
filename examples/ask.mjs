// Gives the gateway one command and prints the reply.   node examples/ask.mjs SOCKET ACT-C
import { connect } from 'node:net';

const [path, command = 'ACT-C'] = process.argv.slice(2);
const chunks = [];

connect(path)
  .on('connect', function () {
    this.write(command);
  })
  .on('data', (chunk) => chunks.push(chunk))
  .on('end', () => print(Buffer.concat(chunks)))
  .on('error', (error) => console.error(error.message));

function print(reply) {
  const isSuccess = reply[0] === 'S'.charCodeAt(0);
  const result = reply.subarray(isSuccess ? 1 : 2);
  const isText = result[0] === '{'.charCodeAt(0) || !isSuccess;
  console.log(isSuccess ? 'success' : 'failure', isText ? result.toString() : result.toString('hex'));
}
