/** What is kept of the past: the history, the classic log, the flight recorder; and how log lines are written. */
import { join } from 'node:path';
import * as z from 'zod';
import { flag, number, path, section, whole } from '../fields.js';

export const historySection = section({
  /** False: values are in memory only. */
  enabled: flag.default(true),
  /** Days that values and events are kept. */
  days: number(0.01, 36_500, 'number').default(30),
  /** Bytes of the file; what is oldest goes first. */
  max_bytes: whole(1_048_576, Number.MAX_SAFE_INTEGER).default(1_073_741_824),
  /** Directory for files as the predecessor wrote them: `<type>_hist.txt`. */
  classic_log: path.optional(),
});

const RECORDER_BYTES = 'must be 0, or a whole number from 131072 to 1073741824';

export const recorderSection = section({
  /** Of memory; 0 = nothing is recorded. */
  bytes: whole(0, 1_073_741_824)
    .refine((bytes) => bytes === 0 || bytes >= 131_072, { error: RECORDER_BYTES })
    .default(16_777_216),
  /** What clients ask and are answered is recorded too. */
  clients: flag.default(true),
  /** Written to disk there too. */
  directory: path.optional(),
  directory_bytes: whole(1_048_576, 1_099_511_627_776).default(268_435_456),
});

export const logSection = section({
  /** `json`: one object a line, for programs that collect logs. */
  format: z.enum(['text', 'json'], { error: 'must be text or json' }).default('text'),
});

interface HistoryConfig {
  readonly history: z.output<typeof historySection>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Bytes of one file of the classic log: editors and small computers still open it. */
const CLASSIC_LOG_BYTES = 67_108_864;

/** `directory`: of the state. */
export function historySettings(
  { history, mesh }: HistoryConfig & { readonly mesh: { readonly events: number } },
  directory: string,
) {
  return {
    file: join(directory, 'history.db'),
    keepMs: history.days * DAY_MS,
    maxBytes: history.max_bytes,
    eventsHeld: mesh.events,
  };
}

/** Undefined where no directory for it is named. */
export function classicLogSettings({ history: { classic_log } }: HistoryConfig) {
  return classic_log === undefined ? undefined : { directory: classic_log, maxBytes: CLASSIC_LOG_BYTES };
}

/** Undefined where nothing is to be recorded. */
export function recorderSettings({ recorder }: { readonly recorder: z.output<typeof recorderSection> }) {
  if (recorder.bytes === 0) return undefined;
  return {
    limit: recorder.bytes,
    clients: recorder.clients,
    directory: recorder.directory,
    directoryLimit: recorder.directory_bytes,
  };
}
