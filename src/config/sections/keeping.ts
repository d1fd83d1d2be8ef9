/** The history, the classic log, the flight recorder, and the format of the log. */
import { join } from 'node:path';
import * as z from 'zod';
import { flag, number, path, section, whole } from '../fields.js';

export const historySection = section({
  /** False: values are kept in memory only. */
  enabled: flag.default(true),
  /** Days that values and events are kept. */
  days: number(0.01, 36_500, 'number').default(30),
  /** Maximum bytes of the file; the oldest data is deleted first. */
  max_bytes: whole(1_048_576, Number.MAX_SAFE_INTEGER).default(1_073_741_824),
  /** Directory for files in the format of the predecessor: `<type>_hist.txt`. */
  classic_log: path.optional(),
});

const RECORDER_BYTES = 'must be 0, or a whole number from 131072 to 1073741824';

export const recorderSection = section({
  /** Bytes of memory; 0 disables the recorder. */
  bytes: whole(0, 1_073_741_824)
    .refine((bytes) => bytes === 0 || bytes >= 131_072, { error: RECORDER_BYTES })
    .default(16_777_216),
  /** Also record requests of clients and replies. */
  clients: flag.default(true),
  /** Also write the recording to this directory. */
  directory: path.optional(),
  directory_bytes: whole(1_048_576, 1_099_511_627_776).default(268_435_456),
});

export const logSection = section({
  /** `json`: one object per line, for programs that collect logs. */
  format: z.enum(['text', 'json'], { error: 'must be text or json' }).default('text'),
});

interface HistoryConfig {
  readonly history: z.output<typeof historySection>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Maximum bytes of a file of the classic log: editors and small computers can still open it. */
const CLASSIC_LOG_BYTES = 67_108_864;

/** `directory`: the state directory. */
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

/** Undefined if no directory is set. */
export function classicLogSettings({ history: { classic_log } }: HistoryConfig) {
  return classic_log === undefined ? undefined : { directory: classic_log, maxBytes: CLASSIC_LOG_BYTES };
}

/** Undefined if the recorder is disabled. */
export function recorderSettings({ recorder }: { readonly recorder: z.output<typeof recorderSection> }) {
  if (recorder.bytes === 0) return undefined;
  return {
    limit: recorder.bytes,
    clients: recorder.clients,
    directory: recorder.directory,
    directoryLimit: recorder.directory_bytes,
  };
}
