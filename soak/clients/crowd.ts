import type { MeshEvent } from '../../src/api/shapes.js';
import { Random } from '../../src/simulator/random.js';
import { Tally } from '../tally.js';
import { type Heard, listener } from './listener.js';
import { neverReads, sendsJunk } from './nuisances.js';
import { classicSender, sessionSender } from './senders.js';
import { resumer, SubscriberRecord, subscriber } from './sessions.js';
import { comeAndGo, type Visit, type VisitorCounts } from './visitor.js';

export interface CrowdOptions {
  readonly socket: string;
  readonly seed: number;
  readonly nodes: number;
  readonly over: AbortSignal;
  readonly currentRun: () => number;
}

/** What each kind of visitor does; with the witness they are 20 clients. */
const MEMBERS = {
  'all events': 4,
  'values of some nodes': 2,
  'one value a second': 1,
  snapshot: 2,
  'resumes by number': 2,
  'classic listener': 3,
  'classic sender': 2,
  'session sender': 1,
  'never reads': 1,
  'sends junk': 1,
} as const;

type Member = keyof typeof MEMBERS;

export const CROWD_SIZE = Object.values(MEMBERS).reduce((sum, count) => sum + count, 0);

const STAYS_MS = { min: 5_000, max: 45_000 };
/** The gateway ends a client 10 s after it is over its limit, which takes a while to reach. */
const NEVER_READS_STAYS_MS = { min: 120_000, max: 180_000 };
const AWAY_MS = { min: 200, max: 8_000 };

/** The clients that connect and disconnect. */
export class Crowd {
  readonly visits: { readonly member: Member; readonly counts: VisitorCounts }[] = [];
  readonly subscribers = new SubscriberRecord();
  readonly resumers = new SubscriberRecord();
  readonly sends = new Tally();
  readonly heard: Heard[] = [];
  /** Clients that never read and were disconnected by the gateway. */
  endedByGateway = 0;
  readonly #options: CrowdOptions;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when all have left. */
  async run(): Promise<void> {
    const members = (Object.keys(MEMBERS) as Member[]).flatMap((member) =>
      Array.from({ length: MEMBERS[member] }, (_, index) => this.#invite(member, index)),
    );
    await Promise.all(members);
  }

  async #invite(member: Member, index: number): Promise<void> {
    const random = Random.of(this.#options.seed, 'crowd', member, index);
    const counts = await comeAndGo(this.#visit(member, random), {
      random,
      staysMs: member === 'never reads' ? NEVER_READS_STAYS_MS : STAYS_MS,
      awayMs: AWAY_MS,
      over: this.#options.over,
    });
    this.visits.push({ member, counts });
  }

  #visit(member: Member, random: Random): Visit {
    const { socket, nodes, currentRun } = this.#options;
    const sender = { socket, random, nodes, outcomes: this.sends };
    switch (member) {
      case 'all events':
        return subscriber(socket, {}, this.subscribers);
      case 'values of some nodes':
        return subscriber(socket, { kinds: ['value'], nodes: [5, 6, 7] }, this.subscribers, isOfSomeNodes);
      case 'one value a second':
        return subscriber(socket, { kinds: ['value'], minIntervalMs: 1000 }, this.subscribers, isValue);
      case 'snapshot':
        return subscriber(socket, { snapshot: true, kinds: ['node', 'link'] }, this.subscribers, isPicture);
      case 'resumes by number':
        return resumer(socket, this.resumers);
      case 'classic listener':
        return listener(socket, currentRun, (heard) => this.heard.push(heard));
      case 'classic sender':
        return classicSender(sender);
      case 'session sender':
        return sessionSender(sender);
      case 'never reads':
        return neverReads(socket, (byGateway) => {
          if (byGateway) this.endedByGateway++;
        });
      case 'sends junk':
        return sendsJunk(socket, random);
    }
  }
}

function isValue({ kind }: MeshEvent): boolean {
  return kind === 'value';
}

function isOfSomeNodes(event: MeshEvent): boolean {
  return event.kind === 'value' && [5, 6, 7].includes(event.value.node);
}

function isPicture({ kind }: MeshEvent): boolean {
  return kind === 'node' || kind === 'link';
}
