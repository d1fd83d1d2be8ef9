/**
 * Lays what a client was told beside what the root sent, both in order.
 *
 *     sent        A  B  C  x  D  E  F  G  H       x: damaged on the line
 *     delivered   A  B  C  ?  D  |        H       ?: made of x; |: a break: the client was told of a loss
 *
 * Between breaks nothing may be missing; what was sent at a break and not delivered is put down to its reasons. A
 * message that nobody sent must stand where a damaged frame was: frames have no checksum.
 */
import type { SettledEntry } from './timed-ledger.js';

/** Why messages may be missing at a place of the stream, as the client was told there. */
export type BreakReason = 'start' | 'gapNotice' | 'gatewayDown' | 'portClosed';

/** `heldUp`: the soak stood still in the middle of the frame. */
export type MissingReason = BreakReason | 'heldUp' | 'unexplained';

export type Delivered =
  | { readonly kind: 'message'; readonly body: Buffer; readonly at: number }
  /** `numbers`: how many event numbers a gap notice tells. */
  | { readonly kind: 'break'; readonly reason: BreakReason; readonly numbers?: number };

export interface AlignmentHandlers {
  /** `at`: when the gateway published it, ms since the epoch. */
  onMatched(entry: SettledEntry, at: number): void;
  onMissing(entries: readonly SettledEntry[], reason: MissingReason): void;
  /** A message that nobody sent. */
  onExtra(body: Buffer, isExplained: boolean): void;
}

type Message = Extract<Delivered, { kind: 'message' }>;

/** So many messages in a row say where in what was sent the client is. */
const RECOGNISED_BY = 6;
/** A damaged frame is read as so many messages at most: its bytes may hold an end and a start. */
const EXTRAS_OF_ONE = 3;
/** Which reason counts, of several at one place. */
const BY_WEIGHT: readonly BreakReason[] = ['gatewayDown', 'portClosed', 'gapNotice', 'start'];

export class Alignment {
  readonly #handlers: AlignmentHandlers;
  /** Whole and damaged frames that are not yet laid beside anything. */
  #sent: SettledEntry[] = [];
  #delivered: Delivered[] = [];
  #reasons = new Set<BreakReason>(['start']);
  #numbersTold = 0;
  /** Extras since the last match. */
  #extras = 0;
  /** Damaged frames since the match before: those to which an extra may be put down. */
  #damagedBehind = 0;

  constructor(handlers: AlignmentHandlers) {
    this.#handlers = handlers;
  }

  /** Frames of which something came through, in the order in which they were sent. */
  addSent(entries: readonly SettledEntry[]): void {
    for (const entry of entries) {
      if (entry.fate === 'whole' || entry.fate === 'damaged') this.#sent.push(entry);
    }
  }

  addDelivered(item: Delivered): void {
    this.#delivered.push(item);
  }

  /** Frames and messages that wait for the other side. */
  get waiting(): { readonly sent: number; readonly delivered: number } {
    return { sent: this.#sent.length, delivered: this.#delivered.length };
  }

  /** Goes as far as what is there allows; all frames of delivered messages must have been added. */
  advance(): void {
    this.#run(false);
  }

  /** Nothing more will come on either side. */
  finish(): void {
    this.#run(true);
    const left = this.#sent.filter(({ fate }) => fate === 'whole');
    this.#sent = [];
    if (left.length > 0) this.#handlers.onMissing(left, this.#reason() ?? 'unexplained');
  }

  #run(isFinal: boolean): void {
    let read = 0;
    let head = 0;
    for (let item = this.#delivered[read]; item; item = this.#delivered[read]) {
      if (item.kind === 'break') this.#noteBreak(item);
      else {
        const next = this.#place(item, read, head, isFinal);
        if (next === undefined) break;
        head = next;
      }
      read++;
    }
    this.#delivered = this.#delivered.slice(read);
    this.#sent = this.#sent.slice(head);
  }

  #noteBreak({ reason, numbers = 0 }: Extract<Delivered, { kind: 'break' }>): void {
    this.#reasons.add(reason);
    this.#numbersTold += numbers;
  }

  /** Where in `#sent` to go on behind this message; undefined when more must be known first. */
  #place(message: Message, read: number, head: number, isFinal: boolean): number | undefined {
    const atHead = this.#nextWhole(head);
    const isExpected = atHead !== undefined && this.#bodyAt(atHead).equals(message.body);
    if (isExpected && this.#reasons.size === 0) return this.#match(message, head, atHead);
    const following = this.#following(read);
    if (!isFinal && !following.isOver && following.messages.length < RECOGNISED_BY) return undefined;
    const found = this.#find(following.messages, head);
    if (found !== undefined) return this.#match(message, head, found);
    this.#takeExtra(message, head);
    return head;
  }

  /** Messages from here on, up to the next break. */
  #following(read: number): { readonly messages: readonly Message[]; readonly isOver: boolean } {
    const messages: Message[] = [];
    for (let at = read; at < this.#delivered.length && messages.length < RECOGNISED_BY; at++) {
      const item = this.#delivered[at];
      if (item?.kind !== 'message') return { messages, isOver: true };
      messages.push(item);
    }
    return { messages, isOver: false };
  }

  /** The first place where these messages were sent one behind the other. */
  #find(messages: readonly Message[], head: number): number | undefined {
    const [first] = messages;
    if (!first) return undefined;
    for (let at = this.#nextWhole(head); at !== undefined; at = this.#nextWhole(at + 1)) {
      if (this.#bodyAt(at).equals(first.body) && this.#fits(messages, at)) return at;
    }
    return undefined;
  }

  #fits(messages: readonly Message[], from: number): boolean {
    let at: number | undefined = from;
    let before = from;
    for (const message of messages) {
      if (at === undefined) return true;
      if (this.#bodyAt(at).equals(message.body)) {
        before = at;
        at = this.#nextWhole(at + 1);
      } else if (!this.#hasDamaged(before, at)) return false;
    }
    return true;
  }

  #match(message: Message, head: number, at: number): number {
    const skipped = this.#sent.slice(head, at);
    const missing = skipped.filter(({ fate }) => fate === 'whole');
    if (missing.length > 0) this.#handlers.onMissing(missing, this.#reasonFor(missing));
    this.#reasons.clear();
    this.#numbersTold = 0;
    this.#extras = 0;
    this.#damagedBehind = 0;
    const entry = this.#sent[at];
    if (entry) this.#handlers.onMatched(entry, message.at);
    return at + 1;
  }

  #takeExtra(message: Message, head: number): void {
    this.#extras++;
    this.#damagedBehind = this.#countDamaged(head);
    const isExplained = this.#reasons.size > 0 || this.#extras <= this.#damagedBehind * EXTRAS_OF_ONE;
    this.#handlers.onExtra(message.body, isExplained);
  }

  /** A gap notice alone explains no more messages than the numbers that it tells. */
  #reasonFor(missing: readonly SettledEntry[]): MissingReason {
    const reason = this.#reason();
    if (reason === 'gapNotice' && missing.length > this.#numbersTold) return 'unexplained';
    if (reason === undefined && missing.every(({ wasHeldUp }) => wasHeldUp)) return 'heldUp';
    return reason ?? 'unexplained';
  }

  #reason(): BreakReason | undefined {
    return BY_WEIGHT.find((reason) => this.#reasons.has(reason));
  }

  #nextWhole(from: number): number | undefined {
    for (let at = from; at < this.#sent.length; at++) if (this.#sent[at]?.fate === 'whole') return at;
    return undefined;
  }

  #hasDamaged(from: number, to: number): boolean {
    return this.#sent.slice(from, to).some(({ fate }) => fate === 'damaged');
  }

  #countDamaged(from: number): number {
    const end = this.#nextWhole(from) ?? this.#sent.length;
    return end - from;
  }

  #bodyAt(at: number): Buffer {
    return this.#sent[at]?.body ?? Buffer.alloc(0);
  }
}
