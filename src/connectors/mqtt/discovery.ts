/**
 * Home Assistant's MQTT discovery: one retained message per device below the discovery prefix. Keys are written out,
 * not abbreviated, and each entity has its own availability. Home Assistant rejects a device that has an unknown key or
 * two conflicting keys, and an entity whose unit does not fit its device class.
 */

import { packageVersion } from '../../base/package-root.js';
import type { AlarmDefinitions } from '../../hub/alarms.js';
import type { Publication } from '../../mqtt/broker.js';
import type { Topics } from '../../mqtt/topics.js';
import { formatAddress } from '../../protocol/address.js';
import type { DataTypes } from '../../protocol/data-types.js';
import { emptied, type NodeObject, type PlainField, plainFields, positionOf } from './node-topics.js';
import { sensorClasses } from './sensor-classes.js';

export interface DiscoveryOptions {
  /** The topic prefix that Home Assistant reads: `homeassistant`. */
  readonly prefix: string;
  /** The gateway's own name. */
  readonly id: string;
  readonly topics: Topics;
  readonly dataTypes: DataTypes;
  /** Alarms of the gateway become its sensors. */
  readonly alarms: AlarmDefinitions;
  /** Ping is an allowed command. */
  readonly mayPing: boolean;
}

type Entity = Readonly<Record<string, unknown>>;

export class Discovery {
  readonly #options: DiscoveryOptions;
  /** Signature of the last publication for each node. */
  readonly #published = new Map<number, string>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Everything must be published again. */
  restart(): void {
    this.#published.clear();
  }

  announceGateway(): Publication {
    const { id, topics, alarms } = this.#options;
    const availability = [this.#gatewayAvailability()];
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
    return this.#device(this.#unique(), { name: `meshgate ${id}`, model: 'Gateway' }, entities);
  }

  /** Undefined if nothing changed. */
  announceNode(node: NodeObject): Publication | undefined {
    const fields = plainFields(node.values);
    const position = positionOf(node.values);
    const signature = JSON.stringify([node.name, position !== undefined, fields.map(({ level }) => level)]);
    if (this.#published.get(node.address) === signature) return undefined;
    this.#published.set(node.address, signature);
    const facts = { name: node.name, model: 'Node', via_device: this.#unique(), serial_number: node.uuid };
    const entities = {
      ...this.#ownEntities(node.address),
      ...(position && { position: this.#tracker(node.address) }),
      ...Object.fromEntries(fields.map((field) => [fieldSlug(field), this.#sensor(node.address, field)])),
    };
    return this.#device(this.#unique(formatAddress(node.address)), facts, entities);
  }

  removeNode(address: number): Publication {
    this.#published.delete(address);
    return emptied(this.#topic(this.#unique(formatAddress(address))));
  }

  #device(key: string, facts: Readonly<Record<string, unknown>>, components: object): Publication {
    const { serial_number: serial, ...device } = facts;
    const payload = {
      device: {
        identifiers: [key],
        manufacturer: 'meshgate',
        ...device,
        ...(typeof serial === 'string' && { serial_number: serial }),
      },
      origin: { name: 'meshgate', sw_version: packageVersion },
      components,
    };
    return { topic: this.#topic(key), payload: JSON.stringify(payload), retain: true };
  }

  /** Status, problem and ping: independent of the node's data, and available while it is disconnected. */
  #ownEntities(address: number): Record<string, Entity> {
    const { topics, mayPing } = this.#options;
    const availability = [this.#gatewayAvailability()];
    const common = { availability, entity_category: 'diagnostic' };
    const unique = (what: string) => this.#unique(formatAddress(address), what);
    const state_topic = topics.node(address);
    return {
      status: {
        platform: 'sensor',
        name: 'Status',
        unique_id: unique('status'),
        state_topic,
        value_template: '{{ value_json.status }}',
        ...common,
      },
      problem: {
        platform: 'binary_sensor',
        name: 'Problem',
        unique_id: unique('problem'),
        device_class: 'problem',
        state_topic,
        value_template: "{{ 'ON' if value_json.alarms else 'OFF' }}",
        ...common,
      },
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

  #tracker(address: number): Entity {
    return {
      platform: 'device_tracker',
      name: 'Position',
      unique_id: this.#unique(formatAddress(address), 'position'),
      source_type: 'gps',
      json_attributes_topic: this.#options.topics.position(address),
      ...this.#nodeAvailability(address),
    };
  }

  #sensor(address: number, field: PlainField): Entity {
    const { topics, dataTypes } = this.#options;
    const isNumber = typeof field.value === 'number';
    return {
      platform: 'sensor',
      name: sameWord(field) ? field.type : `${field.type} ${field.name}`,
      unique_id: this.#unique(formatAddress(address), field.type, field.name),
      state_topic: topics.field(address, field.level),
      ...(isNumber && { value_template: '{{ value if is_number(value) else None }}' }),
      ...(isNumber && sensorClasses(field, dataTypes.findByName(field.type))),
      ...this.#nodeAvailability(address),
    };
  }

  #gatewayAvailability() {
    return { topic: this.#options.topics.status, value_template: '{{ value_json.state }}' };
  }

  /** A node's entities are available while the gateway is online and the node is active or idle. */
  #nodeAvailability(address: number) {
    const isAlive = "value_json.status in ['active', 'idle']";
    const node = {
      topic: this.#options.topics.node(address),
      value_template: `{{ 'online' if ${isAlive} else 'offline' }}`,
    };
    return { availability: [this.#gatewayAvailability(), node], availability_mode: 'all' };
  }

  #topic(key: string): string {
    return `${this.#options.prefix}/device/${key}/config`;
  }

  /** An id that is unique in Home Assistant. */
  #unique(...options: readonly string[]): string {
    const { topics, id } = this.#options;
    return [topics.prefix, id, ...options].map(slug).join('-');
  }
}

/** `LINK_LOST` → `Link lost`. */
function inWords(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function fieldSlug({ type, name }: PlainField): string {
  return `${slug(type)}-${slug(name)}`;
}

/** Home Assistant allows letters, digits, `_` and `-`; other characters become `_` and the hex of their UTF-8. */
function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9]/gu, (character) => `_${Buffer.from(character).toString('hex')}`);
}

function sameWord({ type, name }: PlainField): boolean {
  return type.toLowerCase() === name.toLowerCase();
}
