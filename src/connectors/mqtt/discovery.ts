/**
 * Home Assistant's MQTT discovery: one retained message per device below the discovery prefix. Keys are written out,
 * not abbreviated, and each entity has its own availability. Home Assistant rejects a device that has an unknown key or
 * two conflicting keys, and an entity whose unit does not fit its device class.
 */
import type { AlarmDefinitions } from '../../hub/alarms.js';
import type { DeviceView } from '../../hub/hub.js';
import type { Publication } from '../../mqtt/broker.js';
import type { Subject } from '../../mqtt/topics.js';
import { formatAddress } from '../../protocol/address.js';
import {
  Announcement,
  type AnnouncementOptions,
  type Entity,
  inWords,
  statusEntities,
} from './announcement.js';
import { DeviceEntities } from './device-entities.js';
import type { PublishedImage } from './device-object.js';
import { emptied, type NodeObject, plainFields, positionOf } from './node-topics.js';

export interface DiscoveryOptions extends AnnouncementOptions {
  /** Alarms of the gateway become its sensors. */
  readonly alarms: AlarmDefinitions;
  /** Ping is an allowed command. */
  readonly mayPing: boolean;
  /** Commands of devices are allowed. */
  readonly mayCommand: boolean;
  /** Also those that are hazardous, or need the role admin. */
  readonly announcesHazardous: boolean;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #announcement: Announcement;
  readonly #deviceEntities: DeviceEntities;
  /** Signature of the last publication for each node and device. */
  readonly #published = new Map<Subject, string>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#announcement = new Announcement(options);
    this.#deviceEntities = new DeviceEntities(this.#announcement, options);
  }

  /** Everything must be published again. */
  restart(): void {
    this.#published.clear();
  }

  announceGateway(): Publication {
    const { id, topics, alarms } = this.#options;
    const availability = [this.#announcement.gatewayAvailability()];
    const codes = Object.keys(alarms).filter((code) => alarms[code]?.of === 'gateway');
    const problem = (code: string): [string, Entity] => [
      code.toLowerCase(),
      {
        platform: 'binary_sensor',
        name: inWords(code),
        unique_id: `${this.#unique()}-${code.toLowerCase()}`,
        device_class: 'problem',
        entity_category: 'diagnostic',
        state_topic: topics.alarms,
        value_template: `{{ 'ON' if value_json.codes.${code} is defined else 'OFF' }}`,
        availability,
      },
    ];
    const link: Entity = {
      platform: 'binary_sensor',
      name: 'Link',
      unique_id: this.#unique('link'),
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      state_topic: topics.link,
      value_template: "{{ 'ON' if value_json.link.state == 'up' else 'OFF' }}",
      availability,
    };
    const entities = { link, ...Object.fromEntries(codes.map(problem)) };
    return this.#announcement.device(this.#unique(), { name: `meshgate ${id}`, model: 'Gateway' }, entities);
  }

  /** Undefined if nothing changed. */
  announceNode(node: NodeObject): Publication | undefined {
    const fields = plainFields(node.values);
    const position = positionOf(node.values);
    const signature = [node.name, position !== undefined, fields.map(({ level }) => level)];
    if (!this.#isNews(node.address, signature)) return undefined;
    const facts = { name: node.name, model: 'Node', via_device: this.#unique(), serial_number: node.uuid };
    const availability = this.#announcement.statusAvailability(node.address, ['active', 'idle']);
    const entities = {
      ...this.#ownEntities(node.address),
      ...(position && { position: this.#tracker(node.address, availability) }),
      ...this.#announcement.sensors(node.address, formatAddress(node.address), fields, availability),
    };
    return this.#announcement.device(this.#keyOf(node.address), facts, entities);
  }

  /** Undefined if nothing changed. */
  announceDevice(
    view: DeviceView,
    { values }: NodeObject,
    images: readonly PublishedImage[],
  ): Publication | undefined {
    const fields = plainFields(values);
    const position = positionOf(values);
    const { id, description } = view;
    const commands = this.#deviceEntities.announcedCommands(view);
    const levels = fields.map(({ level }) => level);
    const shown = images.map(({ type, mediaType }) => [type, mediaType]);
    if (!this.#isNews(id, [description, commands, position !== undefined, levels, shown])) return undefined;
    const facts = { name: id, model: description ?? 'Device', via_device: this.#unique() };
    const availability = this.#announcement.statusAvailability(id, ['active']);
    const entities = {
      ...this.#deviceEntities.of(view, images),
      ...(position && { position: this.#tracker(id, availability) }),
      ...this.#announcement.sensors(id, id, fields, availability),
    };
    return this.#announcement.device(this.#keyOf(id), facts, entities);
  }

  remove(subject: Subject): Publication {
    this.#published.delete(subject);
    return emptied(this.#announcement.topic(this.#keyOf(subject)));
  }

  #isNews(subject: Subject, facts: readonly unknown[]): boolean {
    const signature = JSON.stringify(facts);
    if (this.#published.get(subject) === signature) return false;
    this.#published.set(subject, signature);
    return true;
  }

  /** Status, problem and ping: independent of the node's data, and available while it is disconnected. */
  #ownEntities(address: number): Record<string, Entity> {
    const { topics, mayPing } = this.#options;
    const common = {
      availability: [this.#announcement.gatewayAvailability()],
      entity_category: 'diagnostic',
    };
    const unique = (what: string) => this.#unique(formatAddress(address), what);
    const state_topic = topics.node(address);
    return {
      ...statusEntities(state_topic, unique, common),
      ...(mayPing && {
        ping: {
          platform: 'button',
          name: 'Ping',
          unique_id: unique('ping'),
          command_topic: topics.command('ping'),
          payload_press: JSON.stringify({ node: address }),
          ...common,
        },
      }),
    };
  }

  #tracker(subject: Subject, availability: object): Entity {
    return {
      platform: 'device_tracker',
      name: 'Position',
      unique_id: this.#unique(nameOf(subject), 'position'),
      source_type: 'gps',
      json_attributes_topic: this.#options.topics.position(subject),
      ...availability,
    };
  }

  #keyOf(subject: Subject): string {
    return this.#unique(nameOf(subject));
  }

  #unique(...options: readonly string[]): string {
    return this.#announcement.unique(...options);
  }
}

function nameOf(subject: Subject): string {
  return typeof subject === 'number' ? formatAddress(subject) : subject;
}
