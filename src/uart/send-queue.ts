/**
 * A bounded queue that serves its owners in turn: a hundred commands of one owner do not delay another's single one. An
 * owner may fill at most half of it, so that none can lock the others out.
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

  /** Returns false, without adding the item, if the queue or this owner's half of it is full. */
  push(owner: string, item: Item): boolean {
    const own = this.#waiting.get(owner) ?? [];
    if (this.#size >= this.#limit || own.length >= Math.ceil(this.#limit / 2)) return false;
    own.push(item);
    this.#waiting.set(owner, own);
    this.#size++;
    return true;
  }

  /** The oldest item of the owner whose turn it is; that owner then moves to the end. */
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

  /** Removes and returns all items, in no particular order. */
  clear(): Item[] {
    const items = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#size = 0;
    return items;
  }
}
