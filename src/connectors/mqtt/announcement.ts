/** The parts that all discovery messages to Home Assistant have: topic, ids, device, availability, sensors of fields. */
import { packageVersion } from '../../base/package-root.js';
import type { Publication } from '../../mqtt/broker.js';
import type { Subject, Topics } from '../../mqtt/topics.js';
import type { DataTypes, ValueNames } from '../../protocol/data-types.js';
import type { PlainField } from './node-topics.js';
import { namesOf, sensorClasses } from './sensor-classes.js';

export interface AnnouncementOptions {
  /** The topic prefix that Home Assistant reads: `homeassistant`. */
  readonly prefix: string;
  /** The gateway's own name. */
  readonly id: string;
  readonly topics: Topics;
  readonly dataTypes: DataTypes;
}

export type Entity = Readonly<Record<string, unknown>>;

export class Announcement {
  readonly #options: AnnouncementOptions;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
  }

  device(key: string, facts: Readonly<Record<string, unknown>>, components: object): Publication {
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
    return { topic: this.topic(key), payload: JSON.stringify(payload), retain: true };
  }

  topic(key: string): string {
    return `${this.#options.prefix}/device/${key}/config`;
  }

  /** An id that is unique in Home Assistant. */
  unique(...options: readonly string[]): string {
    const { topics, id } = this.#options;
    return [topics.prefix, id, ...options].map(slug).join('-');
  }

  gatewayAvailability() {
    return { topic: this.#options.topics.status, value_template: '{{ value_json.state }}' };
  }

  /** While the gateway is online and the subject has one of these statuses. */
  statusAvailability(subject: Subject, statuses: readonly string[]) {
    const isAlive = `value_json.status in [${statuses.map((status) => `'${status}'`).join(', ')}]`;
    const own = {
      topic: this.#options.topics.node(subject),
      value_template: `{{ 'online' if ${isAlive} else 'offline' }}`,
    };
    return { availability: [this.gatewayAvailability(), own], availability_mode: 'all' };
  }

  /** `key`: of the node or device, for its unique id. */
  sensors(subject: Subject, key: string, fields: readonly PlainField[], availability: object) {
    const sensor = (field: PlainField): [string, Entity] => [
      fieldSlug(field),
      {
        platform: 'sensor',
        name: sameWord(field) ? field.type : `${field.type} ${field.name}`,
        unique_id: this.unique(key, field.type, field.name),
        state_topic: this.#options.topics.field(subject, field.level),
        ...this.#stateOf(field),
        ...availability,
      },
    ];
    return Object.fromEntries(fields.map(sensor));
  }

  #stateOf(field: PlainField): Entity {
    if (typeof field.value !== 'number') return {};
    const dataType = this.#options.dataTypes.findByName(field.type);
    const names = namesOf(field.name, dataType);
    if (names) return enumeration(names);
    return {
      value_template: '{{ value if is_number(value) else None }}',
      ...sensorClasses(field, dataType),
    };
  }
}

/** A number without a name is an unknown state. */
function enumeration(names: ValueNames): Entity {
  return {
    value_template: `{{ ${JSON.stringify(names)}.get(value) }}`,
    device_class: 'enum',
    options: [...new Set(Object.values(names))],
  };
}

/** Status and problem of a node or device. */
export function statusEntities(
  state_topic: string,
  unique: (what: string) => string,
  common: Entity,
): Record<string, Entity> {
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
  };
}

/** `LINK_LOST`, `find-origin` → `Link lost`, `Find origin`. */
export function inWords(code: string): string {
  const words = code.toLowerCase().replaceAll(/[_-]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function fieldSlug({ type, name }: PlainField): string {
  return `${slug(type)}-${slug(name)}`;
}

/** Home Assistant allows letters, digits, `_` and `-`; other characters become `_` and the hex of their UTF-8. */
export function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9]/gu, (character) => `_${Buffer.from(character).toString('hex')}`);
}

function sameWord({ type, name }: PlainField): boolean {
  return type.toLowerCase() === name.toLowerCase();
}
