/**
 * A bounded queue that serves its owners in turn: one that sends a hundred commands does not keep another's single
 * one waiting. An owner may fill half of it at most, so that nobody can shut the others out.
 */
export class SendQueue<Item> {
  readonly #limit: number;
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** False when the queue, or this owner's half of it, is full: the item is then not taken. */
  push(owner: string, item: Item): boolean {
    const own = this.#waiting.get(owner) ?? [];
    if (this.#size >= this.#limit || own.length >= Math.ceil(this.#limit / 2)) return false;
    own.push(item);
    this.#waiting.set(owner, own);
    this.#size++;
    return true;
  }

  /** The next item: the oldest of the owner whose turn it is, who then goes to the end of the line. */
  shift(): Item | undefined {
    const next = this.#waiting.entries().next();
    if (next.done) return undefined;
    const [owner, items] = next.value;
    const item = items.shift();
    this.#waiting.delete(owner);
    if (items.length > 0) this.#waiting.set(owner, items);
    this.#size--;
    return item;
  }

  /** Takes everything out, in no particular order. */
  clear(): Item[] {
    const items = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return items;
  }
}
