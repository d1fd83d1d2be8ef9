import { setTimeout as pause } from 'node:timers/promises';
import { ClassicClient, ClientError, connect, RequestError } from '../../src/client/index.js';
import type { Random } from '../../src/simulator/random.js';
import type { Tally } from '../tally.js';
import { rest, type Visit } from './visitor.js';

export interface SenderOptions {
  readonly socket: string;
  readonly random: Random;
  /** 0x0005 and above. */
  readonly nodes: number;
  /** Sends by how they ended. */
  readonly outcomes: Tally;
}

const FIRST_NODE = 0x0005;
const PERIOD_MS = 2000;
/** Longer than the gateway keeps any request waiting. */
const ENDS_WITHIN_MS = 30_000;

/** Sends in the classic dialect: an Echo to some node. */
export function classicSender(options: SenderOptions): Visit {
  const client = new ClassicClient(options.socket);
  return sendingRepeatedly(options, async (node) => {
    await client.send(node, Buffer.from([0x45, options.random.int(0, 255), options.random.int(0, 255)]));
    return 'classic: written';
  });
}

/** Sends over a session, and waits for the answer. */
export function sessionSender(options: SenderOptions): Visit {
  return {
    async run(leave) {
      const client = await connect({ socket: options.socket, signal: leave });
      const sending = sendingRepeatedly(options, async (node) => {
        const { stage } = await client.send({ node, text: 'E soak', tracked: true, until: 'answered' });
        return `session: ${stage}`;
      });
      await sending.run(leave);
      client.close();
    },
  };
}

function sendingRepeatedly(
  { random, nodes, outcomes }: SenderOptions,
  send: (node: number) => Promise<string>,
): Visit {
  return {
    async run(leave) {
      while (!leave.aborted) {
        const outcome = send(FIRST_NODE + random.int(0, nodes - 1)).catch(outcomeOf);
        outcomes.add(await orNoEnd(outcome));
        await rest(PERIOD_MS, leave);
      }
    },
  };
}

async function orNoEnd(outcome: Promise<string>): Promise<string> {
  const hasEnded = new AbortController();
  const late = pause(ENDS_WITHIN_MS, 'no end', { signal: hasEnded.signal }).catch(() => 'no end');
  return Promise.race([outcome, late]).finally(() => hasEnded.abort());
}

function outcomeOf(error: unknown): string {
  if (error instanceof RequestError)
    return `refused: ${error.code === 'REFUSED' ? error.message : error.code}`;
  if (error instanceof ClientError) return `cut off: ${error.code}`;
  return `failed: ${error instanceof Error ? error.message : String(error)}`;
}
