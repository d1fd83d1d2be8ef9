/** Feeds dashboards of the classic kind: the present state at once, then what changes. */
import { type CancelTimer, type Clock, every } from '../../clock.js';
import type { Hub, HubEvent } from '../../network/hub.js';
import {
  connectionStatus,
  meshPicture,
  nodeStatus,
  robotStatus,
  trafficLine,
  trafficLog,
} from './monitor-messages.js';

/** `v1`: several kinds of message; `v2`: one that holds the whole picture. */
export type MonitorGeneration = 'v1' | 'v2';

export interface MonitorParts {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly generation: MonitorGeneration;
  /** True while a listening client of the classic dialect is connected. */
  readonly isListenerThere: () => boolean;
}

/** States are told at most this often: people look at them. */
const TELL_EVERY_MS = 250;
/** Lines of the traffic log that a dashboard gets when it connects. */
const LINES_KEPT = 50;

type Watcher = (text: string) => void;

export class Monitor {
  readonly #parts: MonitorParts;
  readonly #watchers = new Set<Watcher>();
  readonly #lines: string[] = [];
  readonly #unsubscribe: () => void;
  #told: readonly string[] = [];
  #cancel: CancelTimer | undefined;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.hub.subscribe((event) => this.#onEvent(event));
  }

  /** Tells `watcher` the present state, then every change; returns how to end that. */
  add(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    if (this.#parts.generation === 'v1') for (const line of this.#lines) watcher(line);
    const states = this.#states();
    for (const state of states) watcher(state);
    if (this.#watchers.size === 1) this.#told = states;
    this.#cancel ??= every(this.#parts.clock, TELL_EVERY_MS, () => this.#tellChanges());
    return () => this.#remove(watcher);
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancel?.();
    this.#watchers.clear();
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #onEvent(event: HubEvent): void {
    if (this.#parts.generation !== 'v1') return;
    const line = trafficLine(event);
    if (line === undefined) return;
    const text = JSON.stringify(trafficLog(line));
    if (this.#lines.length === LINES_KEPT) this.#lines.shift();
    this.#lines.push(text);
    for (const watcher of this.#watchers) watcher(text);
  }

  #tellChanges(): void {
    const states = this.#states();
    const changed = states.filter((state) => !this.#told.includes(state));
    this.#told = states;
    for (const state of changed) for (const watcher of this.#watchers) watcher(state);
  }

  #states(): string[] {
    const { hub, generation, isListenerThere } = this.#parts;
    const states =
      generation === 'v1'
        ? [nodeStatus(hub), connectionStatus(hub, isListenerThere()), robotStatus(hub)]
        : [meshPicture(hub)];
    return states.map((state) => JSON.stringify(state));
  }
}
