import * as z from 'zod';
import { SessionError } from '../errors.js';
import { method } from '../method.js';

/** Bytes of one page: as base64, and in its reply, less than the longest line. */
const PAGE_BYTES = 524_288;

export const recordingMethods = [
  method({
    name: 'recording',
    summary: 'What the flight recorder holds, a page at a time: all, the last ms, or what follows a cursor.',
    params: z.strictObject({
      after: z
        .string()
        .regex(/^[0-9a-z]{1,16}:\d{1,15}$/)
        .optional()
        .describe('the cursor of the page before'),
      lastMs: z.int().min(0).optional().describe('of the first page: only what was recorded since then'),
    }),
    result: z.object({
      gateway: z.string().describe('version of the gateway that records'),
      run: z.string().describe('tells this run of the gateway from others'),
      blocks: z.string().describe('whole blocks, as docs/recordings.md says, in base64'),
      cursor: z.string().describe('to go on behind them'),
      more: z.boolean().describe('more can be read at once'),
      missed: z.int().nullable().describe('blocks behind the cursor that are gone; null = of another run'),
    }),
    // Whoever may only read must not see what the others say.
    role: 'admin',
    isAudited: false,
    isUntapped: true,
    run: ({ after, lastMs }, { gateway }) => {
      const { recorder } = gateway;
      if (!recorder) throw new SessionError('RECORDER_OFF');
      const { blocks, cursor, more, missed } = recorder.read({ after, lastMs }, PAGE_BYTES);
      const { version, run } = { version: gateway.version, run: recorder.run };
      return { gateway: version, run, blocks: blocks.toString('base64'), cursor, more, missed };
    },
  }),
] as const;
