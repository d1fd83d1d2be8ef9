import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { MeshgateError } from '../../../base/errors.js';
import { ClientError } from '../../../client/errors.js';
import type { MeshgateClient } from '../../../client/index.js';
import { loadConfig } from '../../../gateway/settings.js';
import { loadTables } from '../../../gateway.js';
import { LinkFilter, parseLinks } from '../../../recorder/recorded-links.js';
import { encodeHead, Recording } from '../../../recorder/recording.js';
import { Redactor } from '../../../recorder/redact.js';
import { isStandardOutput, OutputFile } from '../../files.js';
import { note, printBytes, printJson } from '../../output.js';
import type { Result } from '../../results.js';
import { formatBytesAmount } from '../../text/numbers.js';
import { formatDuration, parseLength } from '../../text/time.js';
import { type GatewayFlags, withLastingClient } from '../../with-client.js';
import { abortWhenTerminated } from '../until-terminated.js';

export interface RecordFlags extends GatewayFlags {
  readonly last?: string;
  readonly output?: string;
  readonly follow?: true;
  readonly redact?: true;
  readonly link?: string;
}

type Page = Result<'recording'>;

const CHECK_EVERY_MS = 1000;

/** Rejects with `BAD_USAGE`, `FILE_FAILED`, or what the gateway refuses with. */
export async function record(flags: RecordFlags): Promise<void> {
  const { output, follow, json, last } = flags;
  refuseTerminal(output);
  if (json && isStandardOutput(output)) throw new MeshgateError('BAD_USAGE', '--json needs -o FILE');
  const lastMs = last === undefined ? (follow ? 0 : undefined) : parseLength(last);
  const signal = follow ? abortWhenTerminated().signal : undefined;
  await withLastingClient(flags, async (client) => {
    const first = await client.call('recording', { lastMs });
    const file = isStandardOutput(output) ? undefined : new OutputFile(output);
    const copy = new RecordingCopy(changesOf(flags), async (bytes) =>
      file ? file.write(bytes) : printBytes(bytes),
    );
    await copy.add(first);
    await copyRest(client, copy, first, signal);
    file?.close();
    reportCopy(copy, flags);
  });
}

function refuseTerminal(output: string | undefined): void {
  if (!isStandardOutput(output) || !process.stdout.isTTY) return;
  throw new MeshgateError(
    'BAD_USAGE',
    'a recording is binary and cannot be shown on a terminal',
    'use -o FILE, or redirect the output',
  );
}

/** What is done to the blocks of each run before they are written. */
interface Changes {
  readonly redacted: boolean;
  readonly create: () => (blocks: Buffer) => Buffer;
}

function changesOf({ redact, link }: RecordFlags): Changes {
  const links = parseLinks(link);
  const createRedactor = redact && redactorOf(links);
  const create = () => {
    const filter = links && new LinkFilter(links);
    const redactor = createRedactor?.();
    return (blocks: Buffer) => {
      const kept = filter?.filter(blocks) ?? blocks;
      return redactor?.redact(kept) ?? kept;
    };
  };
  return { redacted: redact === true, create };
}

function redactorOf(keptLinks: ReadonlySet<string> | undefined): () => Redactor {
  const config = loadConfig({});
  const { opcodes } = loadTables(config);
  const openFrameTimeoutMs = config.serial.frame_timeout_ms;
  return () => new Redactor({ opcodes, openFrameTimeoutMs, keptLinks });
}

/** Copies the rest of the recorder; with a signal, also new records until it aborts. */
async function copyRest(
  client: MeshgateClient,
  copy: RecordingCopy,
  first: Page,
  signal: AbortSignal | undefined,
): Promise<void> {
  let { cursor, more } = first;
  let isLast = signal === undefined;
  while (more || !isLast) {
    if (!more) isLast = await wasAborted(signal, CHECK_EVERY_MS);
    if (isLast && !client.isConnected) return;
    const page = await nextPage(client, cursor, signal !== undefined);
    if (!page) continue;
    ({ cursor, more } = page);
    await copy.add(page);
  }
}

async function wasAborted(signal: AbortSignal | undefined, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const aborted = signal && once(signal, 'abort', { signal: timer.signal }).catch(() => {});
  if (!signal?.aborted) await Promise.race([pause(ms, undefined, { signal: timer.signal }), aborted]);
  timer.abort();
  return signal?.aborted ?? true;
}

/** With `isFollowed`: undefined while the gateway is unreachable. */
async function nextPage(client: MeshgateClient, after: string, isFollowed: boolean) {
  try {
    return await client.call('recording', { after });
  } catch (error) {
    const isAway =
      error instanceof ClientError && (error.code === 'CONNECTION_LOST' || error.code === 'NOT_RUNNING');
    if (!isAway || !isFollowed) throw error;
    return undefined;
  }
}

/** Writes pages of the recorder and counts them; each run of the gateway begins with a head. */
class RecordingCopy {
  readonly counts = { bytes: 0, blocks: 0, records: 0, missed: 0 };
  /** First and last record: ms since the epoch. */
  from: number | undefined;
  to: number | undefined;
  readonly #changes: Changes;
  readonly #write: (bytes: Buffer) => Promise<void>;
  #change: (blocks: Buffer) => Buffer = (blocks) => blocks;
  #run: string | undefined;

  constructor(changes: Changes, write: (bytes: Buffer) => Promise<void>) {
    this.#changes = changes;
    this.#write = write;
  }

  async add({ gateway, run, blocks, missed }: Page): Promise<void> {
    if (run !== this.#run) await this.#begin(gateway, run);
    const whole = Buffer.from(blocks, 'base64');
    const bytes = whole.length > 0 ? this.#change(whole) : whole;
    if (bytes.length > 0) this.#count(bytes);
    this.counts.missed += missed ?? 0;
    await this.#put(bytes);
  }

  async #begin(gateway: string, run: string): Promise<void> {
    this.#run = run;
    this.#change = this.#changes.create();
    await this.#put(encodeHead({ gateway, run, redacted: this.#changes.redacted }));
  }

  async #put(bytes: Buffer): Promise<void> {
    this.counts.bytes += bytes.length;
    await this.#write(bytes);
  }

  #count(bytes: Buffer): void {
    const recording = new Recording(bytes);
    for (const { block } of recording.blocks()) {
      this.counts.blocks++;
      this.counts.records += block.records.length;
      this.from ??= block.host;
      const lastUs = block.records.at(-1)?.us ?? block.us;
      this.to = block.host + (lastUs - block.us) / 1000;
    }
  }
}

function reportCopy({ counts, from, to }: RecordingCopy, { output, json }: RecordFlags): void {
  const times = { from: from ?? null, to: to ?? null };
  if (json) {
    printJson({ file: output, ...counts, ...times });
    return;
  }
  if (counts.missed > 0) note(`meshgate: ${counts.missed} blocks were overwritten before they could be read`);
  if (isStandardOutput(output)) return;
  const what =
    from === undefined || to === undefined
      ? 'nothing recorded'
      : `${formatDuration(to - from)}, ${counts.records} records`;
  note(`${output}: ${what}, ${formatBytesAmount(counts.bytes)}`);
}
