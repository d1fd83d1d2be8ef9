/**
 * The topics of one gateway: `<prefix>/<id>/…`, as docs/mqtt.md lists them. What comes from outside (names of data
 * types, fields, opcodes) stands in a topic as one level, with whatever is not allowed there percent-encoded.
 */
import { formatAddress } from '../protocol/address.js';

/** What would end a level, be a wildcard, or is not allowed in a topic; and the sign that encodes it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this encodes
const UNSAFE = /[/+#%\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff]/gu;

/** A text as one level of a topic; an empty one, which a level may not be here, becomes `%00`. */
export function topicLevel(text: string): string {
  if (text === '') return '%00';
  return text.replace(UNSAFE, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** Whose topics: the address of a node, or the id of a device. */
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

  /** `id` as the session gives it: `NODE_DISCONNECTED:5`. */
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

  /** `level`: of `fieldLevel`. */
  field(subject: Subject, level: string): string {
    return `${this.node(subject)}/${level}`;
  }

  /** `about`: what the event is about, one level each. */
  event(kind: string, ...about: readonly string[]): string {
    return [this.base, 'event', kind, ...about.map(topicLevel)].join('/');
  }

  /** Of all commands. */
  get commands(): string {
    return `${this.base}/cmd/+`;
  }

  command(name: string): string {
    return `${this.base}/cmd/${name}`;
  }

  /** The command that a topic names; undefined where it names none. */
  commandIn(topic: string): string | undefined {
    const start = this.command('');
    return topic.startsWith(start) ? topic.slice(start.length) : undefined;
  }

  /** Where the answer to a command goes that names no other place. */
  answer(name: string): string {
    return `${this.base}/answer/${topicLevel(name)}`;
  }

  /** Where answers may go inside the prefix. */
  get answers(): string {
    return `${this.base}/answer/`;
  }
}

/** `Temperature/temperature`: where a field of a data type stands below its node. */
export function fieldLevel(type: string, field: string): string {
  return `${topicLevel(type)}/${topicLevel(field)}`;
}
