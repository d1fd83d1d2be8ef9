import type { MeshEvent } from '../../src/api/shapes.js';
import type { LineFaultName } from '../../src/simulator/faults/fault.js';
import type { Heard } from '../clients/listener.js';
import { Tally } from '../tally.js';
import { Alignment, type Delivered } from './alignment.js';
import { isProcessStart } from './delivered.js';
import { DeliveryStages } from './delivery-stages.js';
import { Listening } from './listening.js';
import { Recoveries } from './recoveries.js';
import type { SettledEntry } from './timed-ledger.js';

/** Maximum number of unexplained messages that are listed. */
const SHOWN = 20;

/** Accounts for every frame that the root sent, every message delivered, and the reason for each missing one. */
export class Account {
  readonly recoveries = new Recoveries();
  readonly deliveries = new DeliveryStages();
  readonly listening = new Listening();
  /** Frames by fate; the sum is all frames that the root sent. */
  readonly frames = new Tally();
  /** Messages that nobody sent. */
  readonly extras = new Tally();
  /** Damaged frames by cause; a frame may have several. */
  readonly damagedBy = new Tally();
  /** Lost frames by fault or restart. */
  readonly lostBy = new Tally();
  readonly listeners = new Tally();
  readonly recoverySteps = new Tally();
  readonly linkLosses = new Tally();
  /** Longest run of missing frames, by reason. */
  readonly longestLoss = new Map<string, number>();
  readonly unexplained: string[] = [];
  readonly #alignment: Alignment;
  readonly #onComplaint: (what: string) => void;
  readonly #restarts: { readonly signal: string; readonly at: number }[] = [];

  /** `onComplaint`: called at once with each unexplained finding. */
  constructor(onComplaint: (what: string) => void = () => {}) {
    this.#onComplaint = onComplaint;
    this.#alignment = new Alignment({
      onMatched: (entry, at) => {
        this.frames.add('delivered');
        this.recoveries.onDelivered(entry.handedAt, at);
      },
      onMissing: (entries, reason) => this.#onMissing(entries, reason),
      onExtra: (body, isExplained) => {
        this.extras.add(isExplained ? 'decoded from a damaged frame' : 'unexplained');
        if (!isExplained) this.#complain(`a message that was never sent: ${body.toString('hex')}`);
      },
    });
  }

  /** Called when the gateway's process was ended. */
  onRestart(signal: string, at: number): void {
    this.#restarts.push({ signal, at });
  }

  onSettled(entries: readonly SettledEntry[]): void {
    for (const entry of entries) this.#countFate(entry);
    this.#alignment.addSent(entries);
  }

  onDelivered(item: Delivered): void {
    this.#alignment.addDelivered(item);
    if (item.kind === 'break' && item.reason === 'gapNotice') this.listening.onGap();
  }

  onEvent(event: MeshEvent): void {
    if (isProcessStart(event)) this.#onProcessStart();
    if (event.kind === 'delivery') this.deliveries.onDelivery(event.delivery);
    if (event.kind === 'message' && event.message.toListeners) {
      this.listening.onMessage(Buffer.from(event.message.body, 'hex'));
    }
    if (event.kind === 'recovery') this.recoverySteps.add(`${event.step}: ${event.outcome}`);
    if (event.kind === 'link' && event.link.reason !== null && event.link.state !== 'opening') {
      this.linkLosses.add(event.link.reason);
    }
  }

  advance(): void {
    this.#alignment.advance();
  }

  get waiting() {
    return this.#alignment.waiting;
  }

  /** Called at the end, when nothing more will arrive. */
  finish(heard: readonly Heard[]): void {
    this.#alignment.finish();
    for (const each of heard) {
      const verdict = this.listening.judge(each);
      this.listeners.add(verdict);
      if (verdict === 'unexplained') {
        this.#complain(
          `a listener of run ${each.run} received ${each.bytes.length} bytes that do not match the witness`,
        );
      }
    }
    const forgotten = this.deliveries.finish();
    if (forgotten > 0) this.#complain(`${forgotten} deliveries never left the queue`);
  }

  /** Adds an unexplained finding from elsewhere. */
  complain(what: string): void {
    this.#complain(what);
  }

  #complain(what: string): void {
    this.unexplained.push(what);
    this.#onComplaint(what);
  }

  #onProcessStart(): void {
    this.deliveries.onProcessEnd();
    this.listening.onProcessStart();
  }

  #countFate({ fate, causes, port, handedAt }: SettledEntry): void {
    if (fate === 'unread') {
      this.frames.add(`unread: ${port}`);
      if (port === 'gatewayDown' || port === 'closed') this.lostBy.add(this.#restartAt(handedAt));
    } else if (fate === 'lost') {
      this.frames.add('lost on the line');
      this.lostBy.add(causes.at(-1) ?? 'unknown');
    } else if (fate === 'damaged') {
      this.frames.add('damaged on the line');
      for (const cause of causes) this.#countDamage(cause, handedAt);
    }
  }

  #countDamage(cause: LineFaultName, handedAt: number): void {
    this.damagedBy.add(cause);
    if (cause === 'bytes' || cause === 'log_text') this.recoveries.onOver(cause, handedAt);
  }

  /** The restart closest to a time; the first start is not a restart. */
  #restartAt(at: number): string {
    const [nearest] = [...this.#restarts].sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
    return nearest?.signal ?? 'start';
  }

  #onMissing(entries: readonly SettledEntry[], reason: string): void {
    this.frames.add(reason === 'unexplained' ? 'unexplained' : `missing: ${reason}`, entries.length);
    if (reason === 'gatewayDown')
      for (const { handedAt } of entries) this.lostBy.add(this.#restartAt(handedAt));
    this.longestLoss.set(reason, Math.max(this.longestLoss.get(reason) ?? 0, entries.length));
    if (reason !== 'unexplained') return;
    for (const { id, body, handedAt } of entries.slice(0, SHOWN)) {
      const at = new Date(handedAt).toISOString();
      this.#complain(`frame ${id} of ${at} is missing: ${body.subarray(0, 24).toString('hex')}`);
    }
    if (entries.length > SHOWN) this.#complain(`… and ${entries.length - SHOWN} frames after it`);
  }
}
