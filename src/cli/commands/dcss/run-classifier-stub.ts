import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanText } from '../../../base/clean-text.js';
import { listenOn } from '../../../base/listen-near.js';
import { parseWhole } from '../../text/numbers.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { listenAddress, listenError } from './listen-address.js';

export interface ClassifierStubFlags {
  readonly listen: string;
  readonly delay: string;
}

/** An image of 8 MiB in base64, and what is around it. */
const MAX_REQUEST = 12_582_912;
const MAX_DELAY_MS = 3_600_000;
const MAX_CONNECTIONS = 64;
const PREDICT = '/v1/models/default:predict';

/** A nylon loop and its pin. */
const PREDICTION = {
  detection_scores: [0.93, 0.88],
  detection_boxes: [
    [0.31, 0.22, 0.69, 0.58],
    [0.46, 0, 0.54, 0.21],
  ],
  detection_classes: [1, 3],
  detection_classes_as_text: ['nylon', 'pin'],
};

/** Runs until it is terminated. Rejects with a `MeshgateError`. */
export async function runClassifierStub({ listen, delay }: ClassifierStubFlags): Promise<void> {
  const delayMs = Math.min(MAX_DELAY_MS, parseWhole(delay, 0, 'number of milliseconds'));
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    for (const stream of [request, response]) stream.on('error', () => {});
    answer(request, response, delayMs).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listenOn(server, listenAddress(listen)).catch((error: unknown) =>
    Promise.reject(listenError(error, listen)),
  );
  const { signal } = abortWhenTerminated();
  process.stdout.write(`classifier for trying: http://127.0.0.1:${port}\n`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function answer(request: IncomingMessage, response: ServerResponse, delayMs: number): Promise<void> {
  if (request.method !== 'POST' || request.url !== PREDICT) {
    const isAlive = request.method === 'GET' && request.url === '/v1/models/default';
    response.writeHead(isAlive ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
    return;
  }
  const key = keyOf(await readAtMost(request));
  if (key === undefined) {
    response.writeHead(400).end('{"error":"not a request for a prediction"}');
    return;
  }
  await pause(delayMs);
  process.stdout.write(`answered ${cleanText(key)}\n`);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ predictions: [{ key, ...PREDICTION }] }));
}

/** Empty if it is too long. */
async function readAtMost(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > MAX_REQUEST) return '';
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function keyOf(text: string): string | undefined {
  try {
    const { instances } = JSON.parse(text) as { instances?: readonly { readonly key?: unknown }[] };
    const key = instances?.[0]?.key;
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
