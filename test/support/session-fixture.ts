import { AuditTrail } from '../../src/api/audit.js';
import { ClientSession } from '../../src/api/client-session.js';
import { ClientTally } from '../../src/api/client-tally.js';
import type { ClosingReason } from '../../src/api/errors.js';
import type { GatewayFacts } from '../../src/api/method.js';
import type { SessionTransport } from '../../src/api/outgoing.js';
import type { MeshEvent, Snapshot } from '../../src/api/shapes.js';
import { SharedLimits } from '../../src/api/shared-limits.js';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import type { Role } from '../../src/config/role.js';
import { settled } from './manual-clock.js';
import { type MeshSettings, NetworkFixture } from './network-fixture.js';

/** A client that reads what it is sent, until the test makes it stop. */
export class FakeTransport implements SessionTransport {
  /** What the client has read. */
  readonly texts: string[] = [];
  isPaused = false;
  #waiting: {
    readonly text: string;
    readonly onWritten: (() => void) | undefined;
    readonly isPart: boolean;
  }[] = [];
  /** The parts of a text that is not complete yet. */
  #parts = '';
  #reads = true;

  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }

  write(bytes: string | Buffer, onWritten?: () => void, isPart = false): void {
    this.#waiting.push({ text: String(bytes), onWritten, isPart });
    if (this.#reads) this.take();
  }

  cutShort(): void {
    this.#waiting.push({ text: '', onWritten: undefined, isPart: false });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  stopReading(): void {
    this.#reads = false;
  }

  readAgain(): void {
    this.#reads = true;
    this.take();
  }

  /** Reads what is pending, and no more. */
  take(): void {
    for (const { text, onWritten, isPart } of this.#waiting.splice(0)) {
      this.#parts += text;
      if (!isPart) {
        this.texts.push(this.#parts);
        this.#parts = '';
      }
      onWritten?.();
    }
  }
}

export interface Reply {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string };
  };
}

export interface Gap {
  readonly subscription: string;
  readonly from: number;
  readonly to: number;
  readonly dropped: number;
  readonly coalesced: number;
}

interface Notified {
  readonly method: string;
  readonly params: { readonly subscription: string; readonly event: MeshEvent } & Gap & {
      readonly reason: string;
    };
}

export interface Subscribed {
  readonly subscription: string;
  readonly seq: number;
  readonly gone: { readonly from: number; readonly to: number | null } | null;
  readonly snapshot: Snapshot | null;
}

export interface SessionFixtureOptions {
  readonly settings?: Partial<MeshSettings>;
  readonly role?: Role;
  readonly outboxLimit?: number;
  /** What it shares with other clients. */
  readonly shared?: SharedLimits;
}

/** Facts of a gateway process that does not exist. */
export const FACTS: GatewayFacts = {
  version: '0.0.0',
  port: 'auto',
  startedAt: 0,
  clients: () => ({ connected: 1, listening: 0, sessions: 1 }),
  clientList: () => [],
  clientCounters: () => ({ accepted: 1 }),
  audit: new AuditTrail(
    systemClock,
    createLog('audit', () => {}),
  ),
  map: { image: null, corners: null, tiles: null, attribution: null },
  recorder: {
    run: 'abc',
    read: () => ({ blocks: Buffer.from('MGBK'), cursor: 'abc:1', more: false, missed: null }),
    counters: () => ({ records: 1 }),
  },
} as unknown as GatewayFacts;

/** A session on a network manager, without sockets; time by hand. */
export class SessionFixture {
  readonly mesh: NetworkFixture;
  readonly transport = new FakeTransport();
  readonly tally = new ClientTally();
  readonly logged: string[] = [];
  readonly closings: ClosingReason[] = [];
  readonly session: ClientSession;
  #nextId = 1;

  private constructor(
    mesh: NetworkFixture,
    { role = 'admin', outboxLimit = 1_048_576, shared }: SessionFixtureOptions,
    name = 'client 1',
  ) {
    this.mesh = mesh;
    this.session = new ClientSession({
      hub: mesh.hub,
      gateway: FACTS,
      clock: mesh.clock,
      log: createLog('socket', (line) => this.logged.push(line), mesh.clock),
      name,
      role,
      tally: this.tally,
      via: 'a test',
      transport: this.transport,
      shared: shared ?? new SharedLimits(mesh.clock),
      outboxLimit,
      onClosing: (reason) => this.closings.push(reason),
    });
  }

  /** The link is up, the root has sent an empty list; no other is requested. */
  static async open(options: SessionFixtureOptions = {}): Promise<SessionFixture> {
    const mesh = await NetworkFixture.up({ refreshEveryMs: 0, ...options.settings });
    return new SessionFixture(mesh, options);
  }

  /** Another client of the same gateway. */
  beside(name: string, shared: SharedLimits): SessionFixture {
    return new SessionFixture(this.mesh, { shared }, name);
  }

  /** Everything that the client has read, parsed. */
  get received(): (Reply & Notified)[] {
    return this.transport.texts.map((text) => JSON.parse(text));
  }

  /** Sends a request and lets the promises that it starts run; `undefined` while there is no reply. */
  async ask(method: string, params?: object): Promise<Reply> {
    const id = this.post(method, params);
    await settled();
    const reply = this.replyTo(id);
    if (!reply) throw new Error(`${method} was not answered`);
    return reply;
  }

  /** The result of a request that is answered at once; throws the error's code. */
  async result<Result = Record<string, unknown>>(method: string, params?: object): Promise<Result> {
    const { result, error } = await this.ask(method, params);
    if (error) throw new Error(`${error.data.code} ${error.message}`);
    return result as Result;
  }

  /** The string code of an error; `undefined` when it succeeded. */
  async refusal(method: string, params?: object): Promise<string | undefined> {
    return (await this.ask(method, params)).error?.data.code;
  }

  /** Sends a request; returns its id. */
  post(method: string, params?: object): number {
    const id = this.#nextId++;
    this.session.receive(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  /** Lets pending work finish, and then time pass. */
  async pass(ms: number): Promise<void> {
    await settled();
    await this.mesh.pass(ms);
  }

  replyTo(id: number): Reply | undefined {
    return this.received.find((text) => text.id === id);
  }

  subscribe(params: object = {}): Promise<Subscribed> {
    return this.result<Subscribed>('subscribe', params);
  }

  /** Events of a subscription that the client has read. */
  events(subscription = '1'): MeshEvent[] {
    return this.#notified('event', subscription).map(({ event }) => event);
  }

  gaps(subscription = '1'): Gap[] {
    return this.#notified('gap', subscription);
  }

  forget(): void {
    this.transport.texts.length = 0;
  }

  #notified(method: string, subscription: string) {
    const notifications = this.received.filter((text) => text.method === method);
    return notifications.map(({ params }) => params).filter((params) => params.subscription === subscription);
  }
}
