/**
 * The topics of one gateway: `<prefix>/<id>/…`, listed in docs/mqtt.md. Names of data types, fields and opcodes become
 * one topic level each, with characters that are not allowed there percent-encoded.
 */
import { formatAddress } from '../protocol/address.js';

/** Separators, wildcards, characters not allowed in topics, and the percent sign itself. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this encodes
const UNSAFE = /[/+#%\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff]/gu;

/** A text as one topic level; an empty text becomes `%00`. */
export function topicLevel(text: string): string {
  if (text === '') return '%00';
  return text.replace(UNSAFE, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** A node's address or a device's id. */
export type Subject = number | string;

export class Topics {
  readonly base: string;

  constructor(
    readonly prefix: string,
    id: string,
  ) {
    this.base = `${prefix}/${topicLevel(id)}`;
  }

  get status(): string {
    return `${this.base}/status`;
  }

  get link(): string {
    return `${this.base}/link`;
  }

  get counters(): string {
    return `${this.base}/counters`;
  }

  get paths(): string {
    return `${this.base}/paths`;
  }

  get robots(): string {
    return `${this.base}/robots`;
  }

  get alarms(): string {
    return `${this.base}/alarms`;
  }

  /** `id` as in the session: `NODE_DISCONNECTED:5`. */
  alarm(id: string): string {
    return `${this.base}/alarm/${topicLevel(id)}`;
  }

  node(subject: Subject): string {
    if (typeof subject === 'string') return `${this.base}/device/${topicLevel(subject)}`;
    return `${this.base}/node/${formatAddress(subject)}`;
  }

  position(subject: Subject): string {
    return `${this.node(subject)}/position`;
  }

  /** `level`: from `fieldLevel`. */
  field(subject: Subject, level: string): string {
    return `${this.node(subject)}/${level}`;
  }

  /** `about`: the event's subject, one level each. */
  event(kind: string, ...about: readonly string[]): string {
    return [this.base, 'event', kind, ...about.map(topicLevel)].join('/');
  }

  /** Whether commands to a device can reach it: `online` or `offline`. */
  availability(device: string): string {
    return `${this.node(device)}/availability`;
  }

  /** Filters for all commands: the session's methods, and the commands of devices. */
  get commands(): readonly string[] {
    return [`${this.base}/cmd/+`, `${this.base}/cmd/device/+/+`];
  }

  /** Of a command that a device takes. */
  deviceCommand(device: string, name: string): string {
    return this.command(`device/${topicLevel(device)}/${topicLevel(name)}`);
  }

  command(name: string): string {
    return `${this.base}/cmd/${name}`;
  }

  /** The command's name; undefined if the topic is not a command's. */
  commandIn(topic: string): string | undefined {
    const start = this.command('');
    return topic.startsWith(start) ? topic.slice(start.length) : undefined;
  }

  /** Default topic for the answer to a command. */
  answer(name: string): string {
    return `${this.base}/answer/${name.split('/').map(topicLevel).join('/')}`;
  }

  /** The only topics below the prefix to which answers may go. */
  get answers(): string {
    return `${this.base}/answer/`;
  }
}

/** `Temperature/temperature`: the topic of a field relative to its node's. */
export function fieldLevel(type: string, field: string): string {
  return `${topicLevel(type)}/${topicLevel(field)}`;
}

/** `Camera/image`: the topic of an image relative to its device's. */
export function imageLevel(type: string): string {
  return fieldLevel(type, 'image');
}
