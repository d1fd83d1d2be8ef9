/** Takes the images that an AXIS server posts: `POST <any path>`, one image as the body. Keeps the last ones. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { listenOn } from '../../base/listen-near.js';

export interface ImageReceiverOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  /** By the address of the peer. */
  readonly mayConnect: (remote: string | undefined) => boolean;
  /** Images that are kept. */
  readonly kept: number;
  readonly onImage: (image: ReceivedImage) => void;
}

export interface ReceivedImage {
  readonly bytes: Buffer;
  readonly mediaType: ImageType;
}

export const IMAGE_TYPES = ['image/jpeg', 'image/png'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];

export const MAX_IMAGE = 8_388_608;
const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 16;
/** Bytes of all images that are kept, and of those that are being received. */
const MAX_KEPT_BYTES = 67_108_864;
const IMAGES_PATH = '/dcss/images';
const REASONS = [
  'images',
  'refusedPeer',
  'badMethod',
  'badType',
  'tooLarge',
  'empty',
  'incomplete',
  'tooSlow',
] as const;

export class ImageReceiver {
  readonly #options: ImageReceiverOptions;
  readonly #counts = new Counters(REASONS);
  /** By number, from 1. */
  readonly #kept = new Map<number, ReceivedImage>();
  #keptBytes = 0;
  #server: Server | undefined;

  constructor(options: ImageReceiverOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#server?.listening ?? false;
  }

  counters() {
    return { isOpen: this.isOpen, kept: this.#kept.size, ...this.#counts.snapshot() };
  }

  /** Rejects with the system's error. Resolves with the port. */
  async open(): Promise<number> {
    const server = createServer({
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      keepAliveTimeout: 1000,
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      if (this.#options.mayConnect(socket.remoteAddress)) return;
      this.#counts.add('refusedPeer');
      socket.destroy();
    });
    server.on('request', (request, response) => this.#onRequest(request, response));
    server.on('checkContinue', (request, response) => {
      if (this.#refusalOf(request) === undefined) response.writeContinue();
      this.#onRequest(request, response);
    });
    this.#server = server;
    const { host, port } = this.#options;
    return listenOn(server, { host, port });
  }

  close(): void {
    const server = this.#server;
    this.#server = undefined;
    server?.close(() => {});
    server?.closeAllConnections();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const stream of [request, response]) stream.on('error', () => {});
    response.setHeader('connection', 'close');
    if (request.method === 'GET') {
      this.#serve(request.url ?? '', response);
      return;
    }
    const refusal = this.#refusalOf(request);
    if (refusal) this.#refuse(response, refusal);
    else this.#read(request, response);
  }

  #refusalOf({ method, headers }: IncomingMessage): keyof typeof STATUSES | undefined {
    if (method !== 'POST' && method !== 'PUT') return 'badMethod';
    if (mediaTypeOf(headers['content-type']) === undefined) return 'badType';
    return Number(headers['content-length'] ?? 0) > MAX_IMAGE ? 'tooLarge' : undefined;
  }

  #refuse(response: ServerResponse, why: keyof typeof STATUSES): void {
    this.#counts.add(why);
    response.writeHead(STATUSES[why], { 'content-length': 0 }).end(() => response.socket?.destroySoon());
  }

  #read(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let length = 0;
    let isOver = false;
    const cancel = this.#options.clock.after(REQUEST_MS, () => {
      end('tooSlow');
      request.socket.destroy();
    });
    const end = (why?: (typeof REASONS)[number]) => {
      if (isOver) return;
      isOver = true;
      cancel();
      if (why !== undefined) this.#counts.add(why);
    };
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (isOver || length <= MAX_IMAGE) chunks.push(chunk);
      else {
        end();
        this.#refuse(response, 'tooLarge');
      }
      if (isOver) chunks.length = 0;
    });
    request.on('end', () => {
      if (isOver) return;
      end();
      this.#onBody(Buffer.concat(chunks), request, response);
    });
    request.on('close', () => end('incomplete'));
  }

  #onBody(bytes: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const mediaType = mediaTypeOf(request.headers['content-type']);
    if (bytes.length === 0 || mediaType === undefined) {
      this.#refuse(response, 'empty');
      return;
    }
    this.#counts.add('images');
    this.#keep({ bytes, mediaType });
    response.writeHead(200, { 'content-length': 0 }).end();
    this.#options.onImage({ bytes, mediaType });
  }

  #keep(image: ReceivedImage): void {
    this.#kept.set(this.#counts.get('images'), image);
    this.#keptBytes += image.bytes.length;
    for (const [number, { bytes }] of this.#kept) {
      if (this.#kept.size <= this.#options.kept && this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#kept.delete(number);
      this.#keptBytes -= bytes.length;
    }
  }

  /** `GET /dcss/images`: the numbers of those that are kept; `GET /dcss/images/<n>`: one of them. */
  #serve(path: string, response: ServerResponse): void {
    const image = this.#kept.get(Number(path.slice(IMAGES_PATH.length + 1)));
    if (path === IMAGES_PATH) {
      const body = JSON.stringify([...this.#kept.keys()]);
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
        .end(body);
    } else if (path.startsWith(`${IMAGES_PATH}/`) && image) {
      const headers = { 'content-type': image.mediaType, 'content-length': image.bytes.length };
      response.writeHead(200, { ...headers, 'x-content-type-options': 'nosniff' }).end(image.bytes);
    } else response.writeHead(404, { 'content-length': 0 }).end();
  }
}

const STATUSES = { badMethod: 405, badType: 415, tooLarge: 413, empty: 400 } as const;

function mediaTypeOf(header: string | undefined): ImageType | undefined {
  const given = header?.split(';')[0]?.trim().toLowerCase();
  return given === 'image/jpg' ? 'image/jpeg' : IMAGE_TYPES.find((type) => type === given);
}
