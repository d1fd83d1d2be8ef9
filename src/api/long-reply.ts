/**
 * Replies of up to many megabytes: written piece by piece, so that other clients get their turn in between, and as
 * bytes, so that no reply is held in memory as objects or as one string.
 */

import type { Work } from '../base/turns.js';
import type { Hub, NodeView } from '../hub/hub.js';

/** A complete JSON text, or the pieces of a long one. */
export type JsonText = string | readonly Buffer[];

/** Characters after which text is moved into a piece. */
const PIECE_LENGTH = 65_536;
/** Entries described in one step: with ten values each, nodes take a quarter of a millisecond. */
const ENTRIES_AT_ONCE = 16;

/**
 * A list in a result that is described while its JSON is written, used in place of an array. `describe` returns
 * undefined for items to omit.
 */
export class LongList<Shown> {
  readonly #pages: () => Iterable<readonly unknown[]>;
  readonly #describe: (item: never) => Shown | undefined;
  /** It has more than one page. */
  readonly isLong: boolean;

  private constructor(
    pages: () => Iterable<readonly unknown[]>,
    describe: (item: never) => Shown | undefined,
    isLong: boolean,
  ) {
    this.#pages = pages;
    this.#describe = describe;
    this.isLong = isLong;
  }

  static of<Item, Shown>(
    items: readonly Item[],
    describe: (item: Item) => Shown | undefined,
  ): LongList<Shown> {
    return new LongList(() => slicesOf(items), describe, items.length > ENTRIES_AT_ONCE);
  }

  /** All nodes, each in its state at the time it is written. */
  static ofNodes<Shown>(hub: Hub, describe: (node: NodeView) => Shown | undefined): LongList<Shown> {
    const isLong = hub.picture.nodesFrom(0, ENTRIES_AT_ONCE + 1).length > ENTRIES_AT_ONCE;
    return new LongList(() => nodePages(hub), describe, isLong);
  }

  /** All nodes, then all devices. */
  static ofNodesAndDevices<Shown>(
    hub: Hub,
    describe: (node: NodeView) => Shown | undefined,
  ): LongList<Shown> {
    const isLong = hub.picture.nodesFrom(0, ENTRIES_AT_ONCE + 1).length > ENTRIES_AT_ONCE;
    const pages = function* () {
      yield* nodePages(hub);
      yield* slicesOf(hub.picture.devices());
    };
    return new LongList(pages, describe, isLong);
  }

  /** JSON of the entries separated by commas, page by page. */
  *pieces(): Generator<string> {
    let isFirst = true;
    for (const page of this.#pages()) {
      const text = entriesText(page as never[], this.#describe);
      yield text === '' || isFirst ? text : `,${text}`;
      isFirst &&= text === '';
    }
  }
}

/** A result in which a long list may be used in place of an array. */
export type WithLongLists<Result> = {
  [Key in keyof Result]: Result[Key] extends (infer Entry)[] ? Result[Key] | LongList<Entry> : Result[Key];
};

/** JSON that is already serialized. */
export class RawJson {
  readonly pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
  }
}

/** Builds a text from pieces, converting to bytes as it grows. */
export class JsonWriter {
  readonly #pieces: Buffer[] = [];
  #text = '';
  #piecesLength = 0;

  /** Bytes or characters so far. */
  get length(): number {
    return this.#piecesLength + this.#text.length;
  }

  add(piece: JsonText): void {
    if (typeof piece === 'string') this.#text += piece;
    else {
      this.#flush();
      for (const bytes of piece) this.#push(bytes);
    }
    if (this.#text.length >= PIECE_LENGTH) this.#flush();
  }

  finish(): JsonText {
    if (this.#pieces.length === 0) return this.#text;
    this.#flush();
    return this.#pieces;
  }

  #flush(): void {
    if (this.#text !== '') this.#push(Buffer.from(this.#text));
    this.#text = '';
  }

  #push(bytes: Buffer): void {
    this.#piecesLength += bytes.length;
    this.#pieces.push(bytes);
  }
}

/** Writes a result or any other JSON value. */
export function* writeJson(value: unknown, writer: JsonWriter): Work {
  if (value instanceof LongList) yield* writeList(value, writer);
  else if (value instanceof RawJson) writer.add(value.pieces);
  else if (isObject(value) && Object.values(value).some(isLong)) yield* writeMembers(value, writer);
  else writer.add(JSON.stringify(value));
}

/** Bytes of a text in pieces, or characters of a short text. */
export function lengthOf(text: JsonText): number {
  if (typeof text === 'string') return text.length;
  return text.reduce((sum, { length }) => sum + length, 0);
}

/** As one string. */
export function wholeText(text: JsonText): string {
  return typeof text === 'string' ? text : Buffer.concat(text).toString('utf8');
}

/** JSON of entries separated by commas. */
export function entriesText<Item>(items: readonly Item[], describe: (item: Item) => unknown): string {
  const texts: string[] = [];
  for (const item of items) {
    const shown = describe(item);
    if (shown !== undefined) texts.push(JSON.stringify(shown));
  }
  return texts.join();
}

/** The nodes from an address on, by address, a few at a time. */
export function* nodePages(hub: Hub, first = 0, amount = ENTRIES_AT_ONCE): Generator<NodeView[]> {
  for (let from = first; ; ) {
    const page = hub.picture.nodesFrom(from, amount);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    from = last.address + 1;
  }
}

/** A list of one page is not long. */
function* writeList(list: LongList<unknown>, writer: JsonWriter): Work {
  let pages = 0;
  writer.add('[');
  for (const piece of list.pieces()) {
    writer.add(piece);
    pages++;
    if (pages > 1) yield 'more';
    else if (list.isLong) yield 'long';
  }
  writer.add(']');
}

function* writeMembers(value: object, writer: JsonWriter): Work {
  let before = '{';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    writer.add(`${before}${JSON.stringify(name)}:`);
    yield* writeJson(member, writer);
    before = ',';
  }
  writer.add('}');
}

function isLong(value: unknown): boolean {
  return (
    value instanceof LongList ||
    value instanceof RawJson ||
    (isObject(value) && Object.values(value).some(isLong))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function* slicesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += ENTRIES_AT_ONCE) {
    yield items.slice(from, from + ENTRIES_AT_ONCE);
  }
}
