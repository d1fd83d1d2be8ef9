/** Chooses links of a recording: the root's, and those of devices. */
import { MeshgateError } from '../base/errors.js';
import { BlockWriter, type RecordKind } from './block.js';
import { ROOT_LINK } from './link-facts.js';
import { type Entry, Recording, ROOT_CHANNEL, splitDevice } from './recording.js';

/** The kinds for a device's link, and those for the root's that mean the same. */
const AS_ROOT: Readonly<Partial<Record<RecordKind, RecordKind>>> = {
  device: 'link',
  deviceOpened: 'opened',
  deviceNotOpened: 'notOpened',
  deviceClosed: 'closed',
  fromDevice: 'fromRoot',
  toDevice: 'toRoot',
  deviceLines: 'lines',
};

/** Parses names separated by commas. */
export function parseLinks(text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  return new Set(names.filter(Boolean));
}

/** Names of all links in a recording, the root first. */
export function linksOf(recording: Recording): string[] {
  const names = new Set([ROOT_LINK]);
  for (const { link } of recording.entries()) if (link !== '') names.add(link);
  return [...names];
}

/** Throws `BAD_USAGE` if the recording does not have all of these links. */
export function requireLinks(recording: Recording, names: Iterable<string>): void {
  const known = linksOf(recording);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new MeshgateError(
      'BAD_USAGE',
      `the recording has no link "${name}"`,
      `available: ${known.join(', ')}`,
    );
  }
}

/** Whether it is shown when only these links are wanted: changes of the clock always are. */
export function isOfLinks({ kind, link }: Entry, links: ReadonlySet<string>): boolean {
  return kind === 'clock' || links.has(link);
}

/** All records except those of other links, as if `link` had been the root's. */
export function* asRootEntries(recording: Recording, link: string): Generator<Entry> {
  for (const entry of recording.entries()) {
    const { kind, payload } = entry;
    const rootKind = kind && AS_ROOT[kind];
    if (link === ROOT_LINK) {
      if (!rootKind) yield entry;
    } else if (rootKind && entry.link === link) {
      yield { ...entry, kind: rootKind, payload: kind === 'device' ? splitDevice(payload).facts : payload };
    } else if (kind === 'clock') yield entry;
  }
}

/** Removes the records of other links, and of clients, from blocks of one run. */
export class LinkFilter {
  readonly #links: ReadonlySet<string>;
  readonly #writer = new BlockWriter();

  constructor(links: ReadonlySet<string>) {
    this.#links = links;
  }

  /** Every block keeps its `link` record, which is the first of each, so it names the root's port. */
  filter(blocks: Buffer): Buffer {
    const filtered: Buffer[] = [];
    for (const { block } of new Recording(blocks).blocks()) {
      const channels = new Set(this.#links.has(ROOT_LINK) ? [ROOT_CHANNEL] : []);
      this.#writer.begin(block);
      for (const { kind, us, channel, payload, wholeLength } of block.records) {
        if (kind === 'device' && this.#links.has(splitDevice(payload).name)) channels.add(channel);
        const isKept = kind === 'link' || kind === 'clock' || channels.has(channel);
        if (kind && isKept) this.#writer.append(kind, us, channel, payload, wholeLength);
      }
      filtered.push(this.#writer.finish());
    }
    return Buffer.concat(filtered);
  }
}
