/**
 * Compares what a client received with what the root sent, both in order.
 *
 *     sent        A  B  C  x  D  E  F  G  H       x: damaged on the line
 *     delivered   A  B  C  ?  D  |        H       ?: decoded from x; |: a break: the client was notified of a loss
 *
 * Between breaks nothing may be missing; frames missing at a break are attributed to its reasons. A message that was
 * never sent is only explained at the position of a damaged frame: frames have no checksum.
 */
import type { SettledEntry } from './timed-ledger.js';

/** Why messages may be missing at a position in the stream, as reported to the client there. */
export type BreakReason = 'start' | 'gapNotice' | 'gatewayDown' | 'portClosed';

/** `heldUp`: the soak was delayed in the middle of the frame. */
export type MissingReason = BreakReason | 'heldUp' | 'unexplained';

export type Delivered =
  | { readonly kind: 'message'; readonly body: Buffer; readonly at: number }
  /** `numbers`: how many event numbers a gap notice covers. */
  | { readonly kind: 'break'; readonly reason: BreakReason; readonly numbers?: number };

export interface AlignmentHandlers {
  /** `at`: when the gateway published it, ms since the epoch. */
  onMatched(entry: SettledEntry, at: number): void;
  onMissing(entries: readonly SettledEntry[], reason: MissingReason): void;
  /** A message that was never sent. */
  onExtra(body: Buffer, isExplained: boolean): void;
}

type Message = Extract<Delivered, { kind: 'message' }>;

/** This many messages in a row identify the position in what was sent. */
const RECOGNISED_BY = 6;
/** Maximum messages decoded from one damaged frame: its bytes may contain an end and a start. */
const EXTRAS_OF_ONE = 3;
/** Which reason counts if there are several at one position. */
const BY_WEIGHT: readonly BreakReason[] = ['gatewayDown', 'portClosed', 'gapNotice', 'start'];

export class Alignment {
  readonly #handlers: AlignmentHandlers;
  /** Whole and damaged frames that are not aligned yet. */
  #sent: SettledEntry[] = [];
  #delivered: Delivered[] = [];
  #reasons = new Set<BreakReason>(['start']);
  #gapNumbers = 0;
  /** Extras since the last match. */
  #extras = 0;
  /** Damaged frames since the last match: an extra may come from one of them. */
  #damagedAfter = 0;

  constructor(handlers: AlignmentHandlers) {
    this.#handlers = handlers;
  }

  /** Frames of which some bytes arrived, in the order in which they were sent. */
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

  /** Aligns as far as possible; all frames of the delivered messages must have been added. */
  advance(): void {
    this.#run(false);
  }

  /** Called at the end, when nothing more will arrive on either side. */
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
        const next = this.#align(item, read, head, isFinal);
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
    this.#gapNumbers += numbers;
  }

  /** Index in `#sent` after this message; undefined if more messages are needed first. */
  #align(message: Message, read: number, head: number, isFinal: boolean): number | undefined {
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

  /** The first index at which these messages were sent one after the other. */
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
    this.#gapNumbers = 0;
    this.#extras = 0;
    this.#damagedAfter = 0;
    const entry = this.#sent[at];
    if (entry) this.#handlers.onMatched(entry, message.at);
    return at + 1;
  }

  #takeExtra(message: Message, head: number): void {
    this.#extras++;
    this.#damagedAfter = this.#countDamaged(head);
    const isExplained = this.#reasons.size > 0 || this.#extras <= this.#damagedAfter * EXTRAS_OF_ONE;
    this.#handlers.onExtra(message.body, isExplained);
  }

  /** A gap notice alone explains at most as many messages as it has numbers. */
  #reasonFor(missing: readonly SettledEntry[]): MissingReason {
    const reason = this.#reason();
    if (reason === 'gapNotice' && missing.length > this.#gapNumbers) return 'unexplained';
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
