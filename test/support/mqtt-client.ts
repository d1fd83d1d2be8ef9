import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { Waiters } from './waiters.js';

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly packet: IPublishPacket;
}

/** A client at the broker that remembers the messages it gets. */
export class MqttWatcher {
  readonly received: Received[] = [];
  /** Numbers of the events received, in order of first arrival. */
  readonly eventNumbers = new Set<number>();
  readonly client: MqttClient;
  readonly #waiters = new Waiters(() => {
    const newest = this.received.slice(-20);
    return newest.map(({ topic, text }) => `${topic} ${text.slice(0, 100)}`).join('\n');
  });

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      const text = payload.toString('utf8');
      this.received.push({ topic, text, packet });
      if (topic.includes('/event/')) this.#noteNumber(text);
      this.#waiters.look();
    });
    client.on('error', () => {});
  }

  /** Connects, and subscribes with QoS 1. */
  static async connect(
    url: string,
    topics: readonly string[],
    options: IClientOptions = {},
  ): Promise<MqttWatcher> {
    const watcher = new MqttWatcher(await connectAsync(url, { reconnectPeriod: 200, ...options }));
    if (topics.length > 0) await watcher.client.subscribeAsync([...topics], { qos: 1 });
    return watcher;
  }

  /** The last payload at a topic, parsed; undefined while there is none. */
  at<Content = Record<string, unknown>>(topic: string): Content | undefined {
    const last = this.received.findLast((entry) => entry.topic === topic);
    return last && (JSON.parse(last.text || 'null') as Content);
  }

  /** Resolves with the result of `find`, as soon as it returns one. */
  until<Found>(find: () => Found | undefined | false | null): Promise<NonNullable<Found>> {
    return this.#waiters.until(find);
  }

  #noteNumber(text: string): void {
    const { seq } = JSON.parse(text) as { seq?: number };
    if (seq !== undefined) this.eventNumbers.add(seq);
  }

  publish(topic: string, payload: string | object, options = {}): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    this.client.publish(topic, text, { qos: 1, ...options });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}
