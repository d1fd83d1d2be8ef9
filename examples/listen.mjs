// Prints each message that the gateway forwards.   node examples/listen.mjs SOCKET
import { connect } from 'node:net';

const [path] = process.argv.slice(2);
const ACK = '[ack]\0';
let isAccepted = false;

connect(path)
  .on('connect', function () {
    this.write('[syn]\0');
  })
  .on('data', (chunk) => {
    const message = isAccepted ? chunk : chunk.subarray(ACK.length);
    isAccepted = true;
    if (message.length < 3) return;
    const address = message.readUInt16BE(0);
    console.log(`node ${address}: opcode 0x${message[2].toString(16)} payload ${message.toString('hex', 3)}`);
  })
  .on('close', () => console.log('the gateway has closed the connection'))
  .on('error', (error) => console.error(error.message));
