import { createConnection } from 'node:net';
import type { Random } from '../../src/simulator/random.js';
import { closed } from './listener.js';
import { rest, type Visit } from './visitor.js';

const SUBSCRIBE = '{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{}}\n';

/** Subscribes to everything and never reads: the gateway must disconnect it. */
export function neverReads(socketPath: string, onEnded: (byGateway: boolean) => void): Visit {
  return {
    async run(leave) {
      const socket = createConnection({ path: socketPath }, () => socket.write(SUBSCRIBE));
      socket.pause();
      socket.on('error', () => {});
      const onLeave = () => socket.destroy();
      leave.addEventListener('abort', onLeave, { once: true });
      // A socket that is paused does not see its end; but writing to one that is closed fails.
      const asking = setInterval(() => socket.write('\n'), 1000);
      await closed(socket);
      clearInterval(asking);
      leave.removeEventListener('abort', onLeave);
      onEnded(!leave.aborted);
    },
  };
}

const WORDS = [
  '{"jsonrpc":"2.0","id":{}}\n',
  '{{{{\n',
  '[syn',
  'SEND-',
  'BCAST\0\0',
  '[GET]\0',
  '[]\n',
  'GET / HTTP/1.1\r\n\r\n',
];

/** Sends invalid requests. */
export function sendsJunk(socketPath: string, random: Random): Visit {
  return {
    async run(leave) {
      while (!leave.aborted) {
        const socket = createConnection({ path: socketPath });
        socket.on('error', () => {});
        socket.on('data', () => {});
        const isClosed = closed(socket);
        socket.write(junk(random));
        if (random.chance(0.5)) socket.end();
        await Promise.race([isClosed, rest(6000, leave)]);
        socket.destroy();
        await rest(random.between(200, 3000), leave);
      }
    },
  };
}

function junk(random: Random): Buffer {
  if (random.chance(0.5)) return Buffer.from(WORDS[random.int(0, WORDS.length - 1)] ?? '', 'latin1');
  return Buffer.from(Array.from({ length: random.int(1, 3000) }, () => random.int(0, 255)));
}
