import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PacketDecoder, parsePacket } from '../../src/codecs/hev/packet.js';
import { Waiters } from './waiters.js';

export type Packet = Readonly<Record<string, unknown>>;

/** A client of a broadcast port, which keeps every packet. */
export class BroadcastClient {
  readonly packets: Packet[] = [];
  readonly socket: Socket;
  readonly #waiters = new Waiters(() => `${this.packets.length} packets`);

  private constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new PacketDecoder({
      onPacket: (text) => this.packets.push(parsePacket(text ?? '') as Packet),
      onTooLong: () => socket.destroy(),
    });
    socket.on('data', (chunk) => {
      decoder.push(chunk);
      this.#waiters.look();
    });
    socket.on('error', () => {});
  }

  /** Tries for 5 s: the server may be about to listen. */
  static async open(port: number): Promise<BroadcastClient> {
    for (let attempt = 0; ; attempt++) {
      const socket = connect({ host: '127.0.0.1', port });
      try {
        await once(socket, 'connect');
        return new BroadcastClient(socket);
      } catch (error) {
        if (attempt === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Those of one type, without their envelope. */
  of(type: string): Packet[] {
    return this.packets.filter((packet) => packet.type === type).map((packet) => packet[type] as Packet);
  }

  until<Found>(find: () => Found | undefined | false | null): Promise<Found> {
    return this.#waiters.until(find);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** `closed`: the server closed without an answer. */
export type Reply = 'ack' | 'nack' | 'closed';

/** `request`: an object, or the bytes of one without its NUL. */
export async function request(port: number, content: object | Buffer, end = '\0'): Promise<Reply> {
  const socket = connect({ host: '127.0.0.1', port });
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  socket.write(Buffer.concat([bytes, Buffer.from(end)]));
  const pieces: Buffer[] = [];
  socket.on('data', (chunk) => pieces.push(chunk));
  socket.on('error', () => {});
  await once(socket, 'close');
  const text = Buffer.concat(pieces).toString();
  if (text === '{"type":"ack"}\0') return 'ack';
  if (text === '{"type":"nack"}\0') return 'nack';
  if (text === '') return 'closed';
  throw new Error(`unexpected reply ${JSON.stringify(text)}`);
}
