import { setTimeout as pause } from 'node:timers/promises';
import { ClientError, connect, type MeshgateClient, type StreamEvent } from '../../src/client/index.js';
import type { MeshEvent } from '../../src/socket/session/shapes.js';
import type { Delivered } from '../account/alignment.js';
import { Numbering } from './numbering.js';

export interface WitnessHandlers {
  onDelivered(item: Delivered): void;
  onEvent(event: MeshEvent): void;
}

type LinkEvent = Extract<MeshEvent, { kind: 'link' }>;

const AGAIN_MS = 200;

/** The client that stays: its stream is the account. It takes all events, and resumes across restarts. */
export class Witness {
  readonly numbering = new Numbering();
  /** Times that it was turned away because it read too slowly. */
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
        await pause(AGAIN_MS);
      }
    }
  }

  close(): void {
    this.#closing.abort();
    this.#client?.close();
  }

  /** From the first event that the gateway has, or behind the last one read. */
  async #read(client: MeshgateClient): Promise<void> {
    for await (const event of client.subscribe({ since: this.numbering.last ?? 0 })) this.#take(event);
  }

  #take(event: StreamEvent): void {
    if (event.kind === 'gap') this.#onGap(event.from, event.to);
    else if (event.kind !== 'snapshot') this.#takeEvent(event);
  }

  #takeEvent(event: MeshEvent): void {
    this.numbering.onEvent(event.seq);
    if (event.kind === 'message') {
      const body = Buffer.from(event.message.body, 'hex');
      this.#handlers.onDelivered({ kind: 'message', body, at: event.at });
    } else if (event.kind === 'link') this.#onLink(event);
    this.#handlers.onEvent(event);
  }

  #onGap(from: number, to: number | null): void {
    this.numbering.onGap(from, to);
    const numbers = to === null ? 0 : to - from + 1;
    this.#handlers.onDelivered({ kind: 'break', reason: 'gapNotice', numbers });
  }

  #onLink({ link: { state, reason } }: LinkEvent): void {
    if (state === 'up' || state === 'probing') return;
    const isProcess = state === 'stopped' || reason === null;
    this.#handlers.onDelivered({ kind: 'break', reason: isProcess ? 'gatewayDown' : 'portClosed' });
  }
}

/** The first event of a gateway's process about its link. */
export function isProcessStart(event: MeshEvent): boolean {
  return event.kind === 'link' && event.link.state === 'opening' && event.link.reason === null;
}
