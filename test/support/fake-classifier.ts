/** A classifier of the tests: answers as told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (
  request: { readonly key: string; readonly bytes: Buffer; readonly count: number },
  response: ServerResponse,
) => void;

export class FakeClassifier {
  answer: Answer = answerWith(LOOP);
  /** Most requests at one time. */
  peak = 0;
  count = 0;
  #underWay = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#onRequest(request, response));
  }

  static async listen(): Promise<FakeClassifier> {
    const classifier = new FakeClassifier();
    await new Promise<void>((resolve) => classifier.#server.listen(0, '127.0.0.1', resolve));
    return classifier;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.peak = Math.max(this.peak, ++this.#underWay);
    response.on('close', () => this.#underWay--);
    if (request.method === 'GET') {
      response.end('{}');
      return;
    }
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { instances } = JSON.parse(text) as { instances: { image_bytes: { b64: string }; key: string }[] };
    const [{ image_bytes, key } = { image_bytes: { b64: '' }, key: '' }] = instances;
    this.answer({ key, bytes: Buffer.from(image_bytes.b64, 'base64'), count: ++this.count }, response);
  }
}

/** A nylon loop and its pin. */
export const LOOP = {
  detection_scores: [0.9, 0.8, 0.02],
  detection_boxes: [
    [0.25, 0.125, 0.75, 0.5],
    [0.45, 0, 0.55, 0.125],
    [0, 0, 1, 1],
  ],
  detection_classes: [1, 3, 2],
  detection_classes_as_text: ['nylon', 'pin', 'mitegen'],
};

export const LOOP_WORDS = 'normal 0.5 0.5 0.125 0.1 0.5 0.125 0.5 0.25 0.75 0.375 0 nylon 0.9';

export function answerWith(prediction: object): Answer {
  return ({ key }, response) => void response.end(JSON.stringify({ predictions: [{ key, ...prediction }] }));
}
