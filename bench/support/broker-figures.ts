/** mosquitto's own statistics, every second. */
import { MqttWatcher } from '../../test/support/mqtt-client.js';

/** Lines of its configuration: figures each second, and queues that do not overflow while a machine is busy. */
export const BROKER_LINES = ['allow_anonymous true', 'sys_interval 1', 'max_queued_messages 10000'];

export interface BrokerCounts {
  /** Publications that came, their payloads' bytes, those that it handed on, those that it threw away. */
  readonly received: number;
  readonly bytes: number;
  readonly sent: number;
  readonly dropped: number;
  readonly retained: number;
}

export class BrokerFigures {
  readonly #watcher: MqttWatcher;

  private constructor(watcher: MqttWatcher) {
    this.#watcher = watcher;
  }

  static async open(url: string): Promise<BrokerFigures> {
    return new BrokerFigures(await MqttWatcher.connect(url, ['$SYS/#']));
  }

  read(): BrokerCounts {
    const figure = (name: string) => this.#watcher.at<number>(`$SYS/broker/${name}`) ?? 0;
    return {
      received: figure('publish/messages/received'),
      bytes: figure('publish/bytes/received'),
      sent: figure('publish/messages/sent'),
      dropped: figure('publish/messages/dropped'),
      retained: figure('retained messages/count'),
    };
  }

  close(): Promise<void> {
    return this.#watcher.close();
  }
}
