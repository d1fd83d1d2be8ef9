import * as z from 'zod';
import { SessionError } from '../errors.js';
import { method } from '../method.js';

/** Bytes of one page: in base64, its reply still fits into the longest line. */
const PAGE_BYTES = 524_288;

export const recordingMethods = [
  method({
    name: 'recording',
    summary: 'Contents of the flight recorder, a page at a time: all, the last lastMs, or after a cursor.',
    params: z.strictObject({
      after: z
        .string()
        .regex(/^[0-9a-z]{1,16}:\d{1,15}$/)
        .optional()
        .describe('cursor of the previous page'),
      lastMs: z.int().min(0).optional().describe('first page only: start this many ms ago'),
    }),
    result: z.object({
      gateway: z.string().describe('version of the recording gateway'),
      run: z.string().describe('id of this run of the gateway'),
      blocks: z.string().describe('complete blocks (docs/recordings.md), in base64'),
      cursor: z.string().describe('continues after these blocks'),
      more: z.boolean().describe('more can be read now'),
      missed: z
        .int()
        .nullable()
        .describe('blocks lost after the cursor; null = the cursor is from another run'),
    }),
    // A read-only client must not see the traffic of other clients.
    role: 'admin',
    isAudited: false,
    isUnobserved: true,
    run: ({ after, lastMs }, { gateway }) => {
      const { recorder } = gateway;
      if (!recorder) throw new SessionError('RECORDER_OFF');
      const { blocks, cursor, more, missed } = recorder.read({ after, lastMs }, PAGE_BYTES);
      const { version, run } = { version: gateway.version, run: recorder.run };
      return { gateway: version, run, blocks: blocks.toString('base64'), cursor, more, missed };
    },
  }),
] as const;
