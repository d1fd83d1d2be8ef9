/**
 * A gateway's JSON-RPC session over the topics of its MQTT connector (docs/mqtt.md): methods become commands, and
 * subscriptions are handled here, on the event topics. It ends when the gateway goes offline or restarts, or when the
 * broker is lost; clients reconnect and resume with `since`.
 */

import { SessionError } from '../api/errors.js';
import { checkParams } from '../api/method.js';
import { subscribeParams } from '../api/methods/subscriptions.js';
import { MAX_SUBSCRIPTIONS } from '../api/subscriptions.js';
import { ClientError } from '../client/errors.js';
import type { Channel, ChannelHandlers, MeshEvent, Transport } from '../client/index.js';
import { Topics } from '../mqtt/topics.js';
import { type Broker, readPayload } from './broker.js';
import { CommandCaller } from './command-caller.js';
import { EventGate, type GapNotice } from './event-gate.js';
import { errorObject, Refusal } from './refusal.js';
import type { Roster } from './roster.js';
import { resolveCriteria, startOf } from './subscribe.js';

export interface FleetOptions {
  readonly broker: Broker;
  readonly roster: Roster;
  readonly prefix: string;
}

export function mqttTransport(id: string, options: FleetOptions): Transport {
  return { name: id, open: (handlers) => MqttChannel.open(id, options, handlers) };
}

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

class MqttChannel implements Channel {
  readonly #topics: Topics;
  readonly #broker: Broker;
  readonly #handlers: ChannelHandlers;
  readonly #commands: CommandCaller;
  readonly #gates = new Map<string, EventGate>();
  #lastSubscription = 0;
  #events: Promise<() => void> | undefined;
  #unsubscribers: (() => void)[] = [];
  #isEnded = false;

  /** Rejects with `NO_GATEWAY` or `NO_BROKER`. */
  static async open(id: string, options: FleetOptions, handlers: ChannelHandlers): Promise<MqttChannel> {
    const { broker, roster, prefix } = options;
    if (!broker.isConnected) throw new ClientError('NO_BROKER', 'the connection is lost');
    const gateway = roster.findOnline(id);
    if (!gateway) throw new ClientError('NO_GATEWAY', `${prefix}/${id}`);
    const topics = new Topics(prefix, id);
    const channel = new MqttChannel(topics, broker, await CommandCaller.open(topics, broker), handlers);
    channel.#watch(roster, id, gateway.instance);
    return channel;
  }

  private constructor(topics: Topics, broker: Broker, commands: CommandCaller, handlers: ChannelHandlers) {
    this.#topics = topics;
    this.#broker = broker;
    this.#commands = commands;
    this.#handlers = handlers;
  }

  write(line: string): void {
    const { id, method, params = {} } = JSON.parse(line) as Request;
    if (typeof method !== 'string' || typeof params !== 'object' || params === null) {
      this.#fail(id, new SessionError('INVALID_REQUEST'));
      return;
    }
    this.#execute(id, method, params as Record<string, unknown>).catch((error: unknown) =>
      this.#fail(id, error),
    );
  }

  close(): void {
    this.#end();
  }

  #watch(roster: Roster, id: string, instance: string): void {
    this.#unsubscribers = [
      roster.onChange((changed) => {
        const isGone = changed.state === 'offline' || changed.instance !== instance;
        if (changed.id === id && isGone) this.#end();
      }),
      this.#broker.onChange((isConnected) => isConnected || this.#end()),
    ];
  }

  async #execute(id: unknown, method: string, params: Record<string, unknown>): Promise<void> {
    if (method === 'subscribe') await this.#subscribe(id, params);
    else if (method === 'unsubscribe') this.#unsubscribe(id, params);
    else this.#reply(id, { result: await this.#commands.call(method, params) });
  }

  async #subscribe(id: unknown, rawParams: Record<string, unknown>): Promise<void> {
    if (this.#gates.size >= MAX_SUBSCRIPTIONS) {
      throw new SessionError('TOO_MANY_SUBSCRIPTIONS');
    }
    const params = checkParams(subscribeParams, rawParams);
    const subscription = String(++this.#lastSubscription);
    const call = this.#commands.call.bind(this.#commands);
    const gate = new EventGate(await resolveCriteria(params, call), {
      onEvent: (event) => this.#notify('event', { subscription, event }),
      onGap: (from, to) =>
        this.#notify('gap', { subscription, from, to, dropped: to - from + 1, coalesced: 0 }),
      onLostCount: () => this.#end(),
    });
    this.#gates.set(subscription, gate);
    try {
      await this.#listen();
      const { after, events, ...result } = await startOf(params, call);
      this.#reply(id, { result: { subscription, ...result } });
      gate.open(after, events);
    } catch (error) {
      this.#drop(subscription);
      throw error;
    }
  }

  #unsubscribe(id: unknown, { subscription }: Record<string, unknown>): void {
    if (!this.#drop(String(subscription))) {
      throw new SessionError('SUBSCRIPTION_NOT_FOUND', String(subscription));
    }
    this.#reply(id, { result: {} });
  }

  #drop(subscription: string): boolean {
    this.#gates.get(subscription)?.close();
    return this.#gates.delete(subscription);
  }

  /** All gates share one subscription at the broker, made for the first of them. */
  async #listen(): Promise<void> {
    this.#events ??= this.#broker.subscribe(`${this.#topics.base}/event/#`, ({ payload }) => {
      const event = readPayload(payload) as MeshEvent | GapNotice | undefined;
      if (!event) return;
      for (const gate of [...this.#gates.values()]) if (!this.#isEnded) gate.take(event);
    });
    const release = await this.#events;
    if (this.#isEnded) release();
  }

  #reply(id: unknown, content: object): void {
    if (!this.#isEnded && id !== undefined) {
      this.#handlers.onLine(JSON.stringify({ jsonrpc: '2.0', id, ...content }));
    }
  }

  #fail(id: unknown, error: unknown): void {
    const isKnown = error instanceof Refusal || error instanceof SessionError;
    const { code, message } = isKnown ? error : { code: 'INTERNAL', message: String(error) };
    this.#reply(id, { error: errorObject(code, message) });
  }

  #notify(method: string, params: object): void {
    if (!this.#isEnded) this.#handlers.onLine(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const unsubscribe of this.#unsubscribers) unsubscribe();
    for (const subscription of [...this.#gates.keys()]) this.#drop(subscription);
    this.#commands.close();
    void this.#events?.then((release) => release()).catch(() => {});
    this.#handlers.onClosed();
  }
}
