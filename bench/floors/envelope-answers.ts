/** Answers each tagged envelope on a TCP port with an error: the minimum that an HV server could do. Lengths are trusted. */
import { createServer } from 'node:net';

const HEADER = 30;
const ANSWER = Buffer.from(
  `${JSON.stringify({ type: 'reply', reply_type: 'error', error_code: 9, error_text_code: 'INCORRECT_MESSAGE_PARAMS', description: 'voltage must be a number' }, null, 4)}\r\n\r\n`,
);
const [, , , port] = process.argv;

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(14) + rest.readUInt32BE(22);
      if (rest.length < end) return;
      const header = Buffer.from(rest.subarray(0, HEADER));
      JSON.parse(rest.toString('utf8', HEADER, HEADER + rest.readUInt32BE(14)));
      rest = rest.subarray(end);
      header.writeUInt32BE(ANSWER.length, 14);
      socket.write(Buffer.concat([header, ANSWER]));
    }
  });
  socket.on('error', () => {});
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
