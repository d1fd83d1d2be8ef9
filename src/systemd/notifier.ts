/**
 * Reports the state of the service to systemd, like sd_notify(3). Node has no Unix datagram sockets, so this runs
 * `systemd-notify`, which takes some 10 ms. That is not the main process of the service: the unit needs
 * `NotifyAccess=all`. Without systemd (no `NOTIFY_SOCKET`) nothing happens.
 */
import { spawn } from 'node:child_process';
import { cleanText } from '../base/clean-text.js';
import { type CancelTimer, type Clock, every, rawClock } from '../base/clock.js';
import { errorText, systemErrorCode } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** systemd-notify waits until systemd has received the message; it is killed if it hangs. */
const TIMEOUT_MS = 5000;
const MAX_STATUS_LENGTH = 200;

type Message = `${'READY' | 'RELOADING' | 'STOPPING' | 'WATCHDOG' | 'STATUS'}=${string}`;

export class ServiceNotifier {
  readonly #log: Log;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  /** Only the latest of each kind. */
  #waiting: Message[] = [];
  #sending: Promise<void> | undefined;
  #isOn: boolean;
  #lastStatus = '';
  #cancelWatchdog: CancelTimer = () => {};

  constructor(log: Log, env: NodeJS.ProcessEnv = process.env, clock: Clock = rawClock) {
    this.#log = log;
    this.#env = env;
    this.#clock = clock;
    this.#isOn = env.NOTIFY_SOCKET !== undefined;
  }

  /** Clients can connect, or new settings are in effect. Also starts the watchdog notifications. */
  ready(): void {
    this.#notify('READY=1');
    this.#startWatchdog();
  }

  reloading(): void {
    this.#notify('RELOADING=1');
  }

  /** Resolves when systemd has been notified. */
  async stopping(): Promise<void> {
    this.#cancelWatchdog();
    this.#notify('STOPPING=1');
    await this.flush();
  }

  /** Resolves when all messages have been sent. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** A line for `systemctl status`. */
  status(text: string): void {
    const line = cleanText(text).slice(0, MAX_STATUS_LENGTH);
    if (line === this.#lastStatus) return;
    this.#lastStatus = line;
    this.#notify(`STATUS=${line}`);
  }

  /** The timer needs a running event loop: if the process hangs, the messages stop and systemd restarts it. */
  #startWatchdog(): void {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#env;
    const ms = Number(WATCHDOG_USEC) / 1000;
    if (!this.#isOn || !(ms > 0) || (WATCHDOG_PID ?? String(process.pid)) !== String(process.pid)) return;
    this.#cancelWatchdog();
    this.#cancelWatchdog = every(this.#clock, ms / 2, () => this.#notify('WATCHDOG=1'));
  }

  #notify(message: Message): void {
    if (!this.#isOn) return;
    const kind = message.slice(0, message.indexOf('=') + 1);
    this.#waiting = [...this.#waiting.filter((other) => !other.startsWith(kind)), message];
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#send(next);
    }
    this.#sending = undefined;
  }

  #send(message: Message): Promise<void> {
    return new Promise((resolve) => {
      const options = {
        env: this.#env,
        stdio: 'ignore',
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      } as const;
      const child = spawn('systemd-notify', [message], options);
      child.on('error', (error) => {
        this.#onFailure(message, error);
        resolve();
      });
      child.on('close', (code, signal) => {
        if (code !== 0 && this.#isOn) this.#warn(message, `systemd-notify failed with ${code ?? signal}`);
        resolve();
      });
    });
  }

  #onFailure(message: Message, error: Error): void {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    if (isMissing) this.#giveUp();
    this.#warn(message, isMissing ? 'systemd-notify is not installed' : errorText(error));
  }

  #giveUp(): void {
    this.#isOn = false;
    this.#waiting = [];
    this.#cancelWatchdog();
  }

  #warn(message: Message, why: string): void {
    this.#log.warn('sd_notify', `could not send ${message} to systemd: ${why}`);
  }
}
