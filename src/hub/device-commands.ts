/** The commands that devices are carrying out, with their stages: `accepted → progress* → completed | failed | aborted`. */
import type { CancelTimer, Clock } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { ArgumentValues, CommandDefinition } from './command-definition.js';
import type { AbortOutcome, CommandProgress, Delivery, DeliveryStage, Requester } from './deliveries.js';
import { COMMAND_FAILURES, type CommandFailure } from './failures.js';
import { FeedLane } from './feed-lane.js';

/** What the source of a device is given to carry out one command. Calls after the end have no effect. */
export interface CommandRun {
  /** Of the delivery. */
  readonly id: string;
  /** Address of the device. */
  readonly address: number;
  readonly device: string;
  readonly name: string;
  /** Checked against the definition, with its defaults. */
  readonly arguments: ArgumentValues;
  /** Aborts when a caller aborts the command, its time is over, or its device goes. */
  readonly signal: AbortSignal;
  /** The device has taken it. */
  accept(): void;
  /** Of faster ones clients get the newest of each fifth of a second. */
  progress(progress: CommandProgress): void;
  /** `result`: anything that can be JSON, up to 64 KiB of it. */
  complete(result?: unknown): void;
  /** `detail`: the device's own words, or what exactly went wrong. */
  fail(failure: CommandFailure, detail?: string): void;
  /** It has ended because it was aborted. */
  aborted(): void;
}

export interface CommandTarget {
  readonly address: number;
  readonly id: string;
  readonly source: string;
}

export interface NewCommand {
  readonly target: CommandTarget;
  readonly definition: CommandDefinition;
  readonly arguments: ArgumentValues;
  readonly by: Requester;
}

export interface DeviceCommandsOptions {
  readonly clock: Clock;
  readonly nextId: () => string;
  readonly onStage: (delivery: Delivery) => void;
}

/** Ended commands that can still be asked about. */
const KEPT = 1000;
/** Commands under way, in all and of one client. */
const MAX_RUNNING = 256;
const MAX_RUNNING_OF_OWNER = 64;
/** For a device to accept. */
const ACCEPT_MS = 5000;
/** Without progress. */
export const COMMAND_TIMEOUT_MS = 60_000;
/** For a source to end what was aborted. */
const ABORT_MS = 5000;
const PROGRESS_MS = 200;
const MAX_RESULT_LENGTH = 65_536;

interface Running {
  delivery: Delivery;
  readonly target: CommandTarget;
  readonly definition: CommandDefinition;
  readonly ended: AbortController;
  readonly lane: FeedLane<CommandProgress>;
  cancelTimer: CancelTimer;
  isAborting: boolean;
}

export class DeviceCommands {
  readonly #options: DeviceCommandsOptions;
  readonly #running = new Map<string, Running>();
  /** The ended ones, oldest first. */
  readonly #ended = new Map<string, Delivery>();
  #counts = { commands: 0, completed: 0, failed: 0, aborted: 0 };
  readonly #failures = new Counters<CommandFailure>(Object.keys(COMMAND_FAILURES) as CommandFailure[]);

  constructor(options: DeviceCommandsOptions) {
    this.#options = options;
  }

  counters() {
    return { running: this.#running.size, ...this.#counts, failures: this.#failures.snapshot() };
  }

  find(id: string): Delivery | undefined {
    return this.#running.get(id)?.delivery ?? this.#ended.get(id);
  }

  /** Newest first, by the time at which they were given. */
  of(address: number): Delivery[] {
    const running = [...this.#running.values()].map(({ delivery }) => delivery);
    return [...this.#ended.values(), ...running]
      .filter(({ to }) => to === address)
      .reverse()
      .sort((a, b) => (b.stages[0]?.at ?? 0) - (a.stages[0]?.at ?? 0));
  }

  /** Begins one and hands it to `start`; without a handler, or where too many are under way, it fails at once. */
  begin(command: NewCommand, start: ((run: CommandRun) => void) | undefined): Delivery {
    const running = this.#create(command);
    const { id } = running.delivery;
    const isFull = this.#isFull(command.by.owner);
    this.#counts.commands++;
    this.#running.set(id, running);
    this.#options.onStage(running.delivery);
    if (isFull) this.#end(id, 'failed', { failure: 'queueFull' });
    else if (!start) this.#end(id, 'failed', { failure: 'noLink' });
    else this.#start(running, start);
    return this.find(id) ?? running.delivery;
  }

  #isFull(owner: string): boolean {
    if (this.#running.size >= MAX_RUNNING) return true;
    const own = [...this.#running.values()].filter(({ delivery }) => delivery.owner === owner);
    return own.length >= MAX_RUNNING_OF_OWNER;
  }

  #create({ target, definition, arguments: values, by }: NewCommand): Running {
    const { clock, nextId } = this.#options;
    const id = nextId();
    const at = clock.now();
    return {
      delivery: {
        id,
        ...by,
        to: target.address,
        device: target.id,
        command: { name: definition.name, arguments: values },
        message: Buffer.alloc(0),
        stage: 'queued',
        stages: [{ stage: 'queued', at }],
      },
      target,
      definition,
      ended: new AbortController(),
      lane: new FeedLane(clock, PROGRESS_MS, (progress) => this.#onProgress(id, progress)),
      cancelTimer: clock.after(ACCEPT_MS, () => this.#onTimeout(id)),
      isAborting: false,
    };
  }

  /** A mistake in a source fails its command, and nothing else. */
  #start(running: Running, start: (run: CommandRun) => void): void {
    const { delivery, target, definition } = running;
    const { id } = delivery;
    const run: CommandRun = {
      id,
      address: target.address,
      device: target.id,
      name: definition.name,
      arguments: delivery.command?.arguments ?? {},
      signal: running.ended.signal,
      accept: () => this.#advance(id, 'accepted'),
      progress: (progress) => {
        if (this.#running.has(id)) running.lane.offer(progress);
      },
      complete: (result) => this.#complete(id, result),
      fail: (failure, detail) =>
        this.#end(id, 'failed', { failure, ...(detail !== undefined && { detail }) }),
      aborted: () => this.#end(id, 'aborted'),
    };
    try {
      start(run);
    } catch (error) {
      this.#end(id, 'failed', { failure: 'deviceFault', detail: String(error) });
    }
  }

  /** `aborting`: its source was asked to; the stage `aborted` follows. */
  abort(id: string): AbortOutcome {
    const running = this.#running.get(id);
    if (!running) return this.#ended.has(id) ? 'ended' : 'unknown';
    if (!running.definition.isAbortable) return 'notAbortable';
    if (running.isAborting) return 'aborting';
    running.isAborting = true;
    this.#setTimer(running, ABORT_MS);
    running.ended.abort();
    return 'aborting';
  }

  /** The devices of a source are gone, or its link is; `address`: only one device. */
  failAllOf(source: string, failure: CommandFailure, address?: number): void {
    for (const { delivery, target } of [...this.#running.values()])
      if (target.source === source && (address === undefined || target.address === address))
        this.#end(delivery.id, 'failed', { failure });
  }

  #onProgress(id: string, progress: CommandProgress): void {
    this.#advance(id, 'progress', { progress });
  }

  #complete(id: string, result: unknown): void {
    this.#running.get(id)?.lane.flush();
    this.#end(id, 'completed', resultOf(result));
  }

  #onTimeout(id: string): void {
    const running = this.#running.get(id);
    if (running) this.#end(id, running.isAborting ? 'aborted' : 'failed', this.#lateness(running));
  }

  #lateness({ delivery, isAborting }: Running): Partial<Delivery> {
    if (isAborting) return { detail: 'the device did not confirm that it has stopped' };
    return { failure: delivery.stage === 'queued' ? 'notAccepted' : 'timedOut' };
  }

  /** Progress replaces the progress before it in the list of stages: there may be any number. */
  #advance(id: string, stage: DeliveryStage, facts: Partial<Delivery> = {}): void {
    const running = this.#running.get(id);
    if (!running) return;
    const { delivery, definition } = running;
    if (stage === 'accepted' && delivery.stage !== 'queued') return;
    if (!running.isAborting) this.#setTimer(running, definition.timeoutMs ?? COMMAND_TIMEOUT_MS);
    running.delivery = this.#withStage(delivery, stage, facts);
    this.#options.onStage(running.delivery);
  }

  #withStage(delivery: Delivery, stage: DeliveryStage, facts: Partial<Delivery>): Delivery {
    const before = delivery.stages.filter((past) => stage !== 'progress' || past.stage !== 'progress');
    return { ...delivery, ...facts, stage, stages: [...before, { stage, at: this.#options.clock.now() }] };
  }

  #setTimer(running: Running, ms: number): void {
    running.cancelTimer();
    running.cancelTimer = this.#options.clock.after(ms, () => this.#onTimeout(running.delivery.id));
  }

  #end(id: string, stage: 'completed' | 'failed' | 'aborted', facts: Partial<Delivery> = {}): void {
    const running = this.#running.get(id);
    if (!running) return;
    running.lane.flush();
    running.cancelTimer();
    this.#running.delete(id);
    this.#counts[stage]++;
    if (facts.failure !== undefined) this.#failures.add(facts.failure);
    const delivery = this.#withStage(running.delivery, stage, facts);
    this.#keep(delivery);
    if (!running.ended.signal.aborted) running.ended.abort();
    this.#options.onStage(delivery);
  }

  #keep(delivery: Delivery): void {
    this.#ended.set(delivery.id, delivery);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT && oldest !== undefined) this.#ended.delete(oldest);
  }
}

/** A copy, as JSON; one that is too long is left out. */
function resultOf(result: unknown): Pick<Delivery, 'result' | 'detail'> {
  const json = JSON.stringify(result);
  if (json === undefined) return {};
  if (json.length <= MAX_RESULT_LENGTH) return { result: JSON.parse(json) };
  return { detail: `its result was left out: more than ${MAX_RESULT_LENGTH} bytes of JSON` };
}
