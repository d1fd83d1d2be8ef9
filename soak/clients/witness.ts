import { setTimeout as pause } from 'node:timers/promises';
import type { MeshEvent } from '../../src/api/shapes.js';
import { ClientError, connect, type MeshgateClient, type StreamEvent } from '../../src/client/index.js';
import type { Delivered } from '../account/alignment.js';
import { deliveredBy } from '../account/delivered.js';
import { Numbering } from './numbering.js';

export interface WitnessHandlers {
  onDelivered(item: Delivered): void;
  onEvent(event: MeshEvent): void;
}

const RETRY_MS = 200;

/** The client that stays connected, for the account: it reads all events, and resumes across restarts. */
export class Witness {
  readonly numbering = new Numbering();
  /** How often it was disconnected because it read too slowly. */
  turnedAway = 0;
  readonly #socket: string;
  readonly #handlers: WitnessHandlers;
  readonly #closing = new AbortController();
  #client: MeshgateClient | undefined;

  constructor(socket: string, handlers: WitnessHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
  }

  /** The connection, while there is one. */
  get client(): MeshgateClient | undefined {
    return this.#client?.isConnected ? this.#client : undefined;
  }

  /** Resolves when it was closed. */
  async run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#client = await connect({ socket: this.#socket, signal });
        await this.#read(this.#client);
      } catch (error) {
        if (error instanceof ClientError && error.code === 'SLOW_READER') this.turnedAway++;
        await pause(RETRY_MS);
      }
    }
  }

  close(): void {
    this.#closing.abort();
    this.#client?.close();
  }

  /** Reads from the first event that the gateway has, or after the last one read. */
  async #read(client: MeshgateClient): Promise<void> {
    for await (const event of client.subscribe({ since: this.numbering.last ?? 0 })) this.#take(event);
  }

  #take(event: StreamEvent): void {
    if (event.kind === 'gap') this.#onGap(event.from, event.to);
    else if (event.kind !== 'snapshot') this.#takeEvent(event);
  }

  #takeEvent(event: MeshEvent): void {
    this.numbering.onEvent(event.seq);
    const delivered = deliveredBy(event);
    if (delivered) this.#handlers.onDelivered(delivered);
    this.#handlers.onEvent(event);
  }

  #onGap(from: number, to: number | null): void {
    this.numbering.onGap(from, to);
    const numbers = to === null ? 0 : to - from + 1;
    this.#handlers.onDelivered({ kind: 'break', reason: 'gapNotice', numbers });
  }
}
