/** Assembles the MQTT connector: docs/mqtt.md describes its topics. */
import { type CancelTimer, every } from '../../base/clock.js';
import { errorText, MeshgateError } from '../../base/errors.js';
import type { HubEvent } from '../../hub/hub.js';
import {
  BROKER_DOWN_REASONS,
  type BrokerConnection,
  type BrokerDownReason,
  type BrokerLimits,
  type Incoming,
  type OpenBroker,
  type Publication,
} from '../../mqtt/broker.js';
import { brokerName } from '../../mqtt/broker-address.js';
import { BrokerKeeper } from '../../mqtt/broker-keeper.js';
import { loadOpenBroker } from '../../mqtt/open-broker.js';
import { Topics, topicLevel } from '../../mqtt/topics.js';
import type { Connector, ConnectorOptions } from '../connector.js';
import { AnswerLane } from './answer-lane.js';
import { allowedCommands, Commands } from './commands.js';
import { Discovery } from './discovery.js';
import { EventLane } from './event-lane.js';
import { ImageLane } from './image-lane.js';
import { Leftovers } from './leftovers.js';
import { Outbox } from './outbox.js';
import { PictureLane } from './picture-lane.js';
import { ProgressFile } from './progress-file.js';
import { type MqttSettings, readAddress } from './settings.js';
import { type Instance, readInstance, type StatusReason, statusPayload, thisInstance } from './status.js';
import { TakeoverWatch } from './takeover.js';

/** Time for the broker to acknowledge the offline status. */
const OFFLINE_TIMEOUT_MS = 500;

/** Rejects with `BAD_CONFIG` when a configured file can't be read or a configured command is unknown. */
export async function createMqttConnector(
  settings: MqttSettings,
  options: ConnectorOptions,
): Promise<MqttConnector> {
  return new MqttConnector(settings, options, await loadOpenBroker());
}

export class MqttConnector implements Connector {
  readonly #settings: MqttSettings;
  readonly #options: ConnectorOptions;
  readonly #topics: Topics;
  readonly #instance: Instance;
  readonly #takeover: TakeoverWatch;
  readonly #progress: ProgressFile | undefined;
  readonly #answers = new AnswerLane();
  readonly #events: EventLane;
  readonly #picture: PictureLane;
  readonly #images: ImageLane;
  readonly #commands: Commands;
  readonly #outbox: Outbox;
  readonly #leftovers: Leftovers;
  readonly #keeper: BrokerKeeper;
  #broker: BrokerConnection | undefined;
  #connectedAt = 0;
  /** The last reason in the log why there is no connection. */
  #loggedReason: string | undefined;
  #unsubscribe = () => {};
  #cancelPeriod: CancelTimer = () => {};
  #cancelImages: CancelTimer = () => {};

  /** Throws `BAD_CONFIG`. */
  constructor(settings: MqttSettings, options: ConnectorOptions, openBroker: OpenBroker) {
    const { hub, gateway, clock, log } = options;
    const { id, prefix, discoveryPrefix } = settings;
    checkFiles(settings);
    const allowed = allowedCommands(settings.commands);
    const topics = new Topics(prefix, id);
    const now = () => clock.now();
    this.#settings = settings;
    this.#options = options;
    this.#topics = topics;
    this.#instance = thisInstance(gateway.version, gateway.startedAt);
    this.#takeover = new TakeoverWatch(this.#instance);
    this.#progress =
      settings.stateFile === undefined
        ? undefined
        : new ProgressFile(settings.stateFile, `${brokerName(settings.url)}/${topics.base}`, clock, log);
    const onAcknowledged = (seq: number) => this.#progress?.set(seq);
    this.#events = new EventLane(this.#progress?.read(), { hub, topics, now, onAcknowledged });
    const discovery =
      discoveryPrefix === undefined
        ? undefined
        : new Discovery({
            prefix: discoveryPrefix,
            id,
            topics,
            dataTypes: hub.tables.dataTypes,
            alarms: hub.alarms.definitions,
            mayPing: allowed.has('ping'),
            mayCommand: allowed.has('command'),
            announcesHazardous: settings.announcesHazardous,
          });
    const images = { everyMs: settings.imagesEveryMs, maxBytes: settings.maxImageBytes };
    this.#picture = new PictureLane({ hub, gateway, topics, now, discovery, images });
    const onImage = (device: string, type: string) => this.#picture.onImage(device, type);
    this.#images = new ImageLane({ hub, topics, settings: images, onImage });
    this.#outbox = new Outbox({
      clock,
      lanes: [this.#answers, this.#events, this.#picture, this.#images],
      onStalled: () => this.#keeper.giveUp('ackTimeout'),
      onRefused: ({ topic }, why) => log.warn('rejected', `the broker rejected ${topic}: ${why}`),
    });
    const wake = () => this.#outbox.wake();
    const answer = (publication: Publication) => {
      this.#answers.push(publication);
      wake();
    };
    this.#commands = new Commands({ hub, gateway, clock, log, topics, allowed, discoveryPrefix, answer });
    this.#leftovers = new Leftovers({ hub, clock, topics, picture: this.#picture, wake });
    this.#keeper = this.#createKeeper(openBroker);
  }

  start(): void {
    const { hub, clock } = this.#options;
    const { countersEveryMs, imagesEveryMs } = this.#settings;
    this.#unsubscribe = hub.feed.subscribe((event) => this.#onEvent(event));
    if (countersEveryMs > 0) this.#cancelPeriod = every(clock, countersEveryMs, () => this.#onPeriod());
    if (imagesEveryMs > 0) this.#cancelImages = every(clock, imagesEveryMs, () => this.#lookForImages());
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#cancelPeriod();
    this.#cancelImages();
    this.#leftovers.stop();
    this.#commands.close();
    await this.#publishOffline();
    this.#outbox.close();
    await this.#keeper.stop();
    this.#progress?.flush();
  }

  counters() {
    return {
      broker: this.#keeper.state,
      connected: this.#keeper.state === 'up' ? 1 : 0,
      isContested: this.#takeover.isConflict,
      downs: this.#keeper.downs.snapshot(),
      outbox: { ...this.#outbox.counts.snapshot(), unacknowledged: this.#outbox.unacknowledged },
      events: this.#events.counters(),
      picture: this.#picture.counters(),
      images: this.#images.counters(),
      commands: this.#commands.counters(),
      answersDropped: this.#answers.dropped,
    };
  }

  #createKeeper(openBroker: OpenBroker): BrokerKeeper {
    const { clock } = this.#options;
    const { version } = this.#settings;
    return new BrokerKeeper(
      {
        openBroker,
        clock,
        version,
        random: Math.random,
        options: () => this.#brokerOptions(),
        isContested: () => this.#takeover.isConflict,
      },
      {
        onUp: (broker, limits) => this.#onUp(broker, limits),
        onMessage: (message) => this.#onMessage(message),
        onLost: () => this.#onLost(),
        onStable: () => this.#takeover.onStable(),
        onDown: (reason, detail) => this.#onDown(reason, detail),
      },
    );
  }

  /** The client id is derived from the gateway's, without `/`, which mosquitto's access patterns refuse. */
  #brokerOptions() {
    const { prefix, id } = this.#settings;
    this.#connectedAt = this.#options.clock.now();
    return {
      address: readAddress(this.#settings),
      clientId: `${prefix}-${topicLevel(id)}`.replaceAll('/', '-'),
      will: { topic: this.#topics.status, payload: this.#status('lost', null) },
    };
  }

  #status(reason: StatusReason, at: number | null): string {
    return statusPayload(reason, at, this.#connectedAt, this.#instance);
  }

  #onUp(broker: BrokerConnection, limits: BrokerLimits): void {
    const { clock, log } = this.#options;
    log.info(`connected to ${brokerName(this.#settings.url)} as ${this.#topics.base}`);
    this.#loggedReason = undefined;
    this.#broker = broker;
    broker.subscribe([this.#topics.status, ...this.#topics.commands], (refused) => {
      this.#keeper.onEstablished();
      for (const topic of refused)
        log.warn('not readable', `the broker does not allow this client to read ${topic}`);
    });
    this.#leftovers.onConnected(broker);
    this.#publishStatus(broker, this.#status('connected', clock.now()), () =>
      this.#takeover.onOwnStatusRetained(),
    );
    this.#outbox.open(broker, limits);
  }

  #onLost(): void {
    this.#broker = undefined;
    this.#leftovers.onDisconnected();
    this.#outbox.close();
  }

  /** Warns once per reason; repeated attempts are logged at debug level. */
  #onDown(reason: BrokerDownReason, detail: string): void {
    const { log } = this.#options;
    const cause = `${BROKER_DOWN_REASONS[reason]}${detail === '' ? '' : ` (${detail})`}`;
    if (reason === 'takenOver') {
      this.#takeover.onTakenOver();
      this.#reportConflict();
    }
    const text = `no connection to ${brokerName(this.#settings.url)}: ${cause}`;
    if (this.#loggedReason === reason) log.debug('%s', text);
    else log.warn(`broker ${reason}`, text);
    this.#loggedReason = reason;
  }

  #onMessage(message: Incoming): void {
    if (message.topic === this.#topics.status) this.#onStatus(message);
    else if (!this.#commands.take(message)) this.#leftovers.take(message);
  }

  #onStatus({ payload }: Incoming): void {
    const instance = readInstance(payload);
    if (instance && this.#takeover.onStatus(instance)) this.#reportConflict();
  }

  /** In the log, as a log event to watchers, and as an alarm. */
  #reportConflict(): void {
    const { hub, log } = this.#options;
    const { id } = this.#settings;
    const who = this.#takeover.other ?? 'another client';
    const text = `two gateways use the id ${id} at ${brokerName(this.#settings.url)}: this one and ${who}; change mqtt.id of one of them`;
    log.warn('conflict', text);
    void hub.commands.execute({ kind: 'log', text }, 'mqtt');
    hub.alarms.raise('ID_TAKEN', text);
  }

  #onEvent(event: HubEvent): void {
    this.#picture.onEvent(event);
    if (event.kind === 'delivery') this.#commands.onDelivery(event.delivery);
    this.#outbox.wake();
  }

  #onPeriod(): void {
    this.#picture.onPeriod();
    this.#outbox.wake();
  }

  #lookForImages(): void {
    this.#images.look();
    this.#outbox.wake();
  }

  #publishStatus(broker: BrokerConnection, payload: string, onDone: () => void): void {
    const publication = { topic: this.#topics.status, payload, retain: true };
    broker.publish(publication, (refusal) => {
      if (refusal === undefined) onDone();
      else this.#options.log.warn('rejected', `the broker rejected ${publication.topic}: ${refusal}`);
    });
  }

  /** Publishes that this gateway is offline; gives up if the broker takes too long. */
  #publishOffline(): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    if (!broker) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.after(OFFLINE_TIMEOUT_MS, () => {
        this.#reportNoAcknowledgement();
        resolve();
      });
      this.#publishStatus(broker, this.#status('stopped', clock.now()), () => {
        cancel();
        resolve();
      });
    });
  }

  #reportNoAcknowledgement(): void {
    const unacknowledged = this.#outbox.unacknowledged;
    const others = unacknowledged === 0 ? '' : `, nor ${unacknowledged} earlier publications`;
    const text = `the broker did not acknowledge the offline status within ${OFFLINE_TIMEOUT_MS} ms${others}`;
    this.#options.log.warn('silent broker', text);
  }
}

function checkFiles(settings: MqttSettings): void {
  try {
    readAddress(settings);
  } catch (error) {
    throw new MeshgateError('BAD_CONFIG', errorText(error), undefined, { cause: error });
  }
}
