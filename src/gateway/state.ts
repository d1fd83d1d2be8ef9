/** Persistent state: the state directory, used by one gateway only, and the history in it. */
import { join } from 'node:path';
import type { AuditTrail } from '../api/audit.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { ProcessLock } from '../base/process-lock.js';
import type { Config } from '../config/schema.js';
import { historySettings } from '../config/sections/keeping.js';
import { History } from '../history/history.js';
import { defaultStateDirectory, lockState, prepareStateDirectory } from '../history/state-directory.js';
import type { GatewayHub } from '../hub/gateway-hub.js';
import type { Restored } from '../hub/hub.js';
import type { NetworkManager } from '../network/network-manager.js';

export interface KeptStateOptions {
  readonly config: Config;
  readonly hub: GatewayHub;
  readonly network: NetworkManager;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly logOf: (room: string) => Log;
}

export class KeptState {
  readonly #options: KeptStateOptions;
  readonly #log: Log;
  #lock: ProcessLock | undefined;
  #directory: string | undefined;
  #history: History | undefined;

  constructor(options: KeptStateOptions) {
    this.#options = options;
    this.#log = options.logOf('gateway');
  }

  /** Undefined before `open`. */
  get directory(): string | undefined {
    return this.#directory;
  }

  /** Undefined if there is none. */
  get history(): History | undefined {
    return this.#history;
  }

  /**
   * Locks the directory and restores the state of earlier runs. A store that can't be opened does not stop the gateway; it
   * is retried later. Rejects with `STATE_TAKEN`, or with the system's error.
   */
  async open(): Promise<void> {
    const { config, hub, audit } = this.#options;
    const directory = config.state ?? defaultStateDirectory(config.simulate);
    prepareStateDirectory(directory);
    this.#lock = await lockState(directory);
    const { limit } = this.#lock;
    if (limit !== undefined)
      this.#log.info(
        `cannot create a lock file (${limit}): a gateway in another container would not be detected`,
      );
    this.#directory = directory;
    audit.keepIn(join(directory, 'audit.jsonl'), () => prepareStateDirectory(directory));
    const opened = await this.#openHistory(directory);
    if (opened.history) this.#join(opened.history, opened.restored);
    else {
      this.#log.warn('history', `history is in memory only: ${opened.fault}`);
      hub.goWithoutArchive(opened.fault);
    }
  }

  async release(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  #openHistory(directory: string): ReturnType<typeof History.open> {
    const { config, hub, network, clock, logOf } = this.#options;
    return History.open({
      settings: historySettings(config, directory),
      tables: hub.tables,
      clock,
      log: logOf('history'),
      memory: hub.memoryArchive(),
      onFailing: (why) => hub.onArchiveFailing(why),
      onRestoredLate: (restored, onNumbered) => {
        hub.joinRestored(restored, onNumbered);
        network.restoreLate(restored.boardIdentity);
      },
    });
  }

  #join(history: History, restored: Restored | undefined): void {
    const { hub, network } = this.#options;
    this.#history = history;
    hub.useArchive(history, restored);
    network.restore(restored?.boardIdentity);
    history.attach(hub);
  }
}
