/**
 * Removes payloads from a recording. It keeps times, framing, addresses, opcodes, lengths, the five bytes of a command,
 * the method and id of a JSON-RPC request, error codes, and the reasons why links and connections ended. Protocols of devices
 * are not known: their bytes are removed as a whole.
 */
import { ADDRESS_LENGTH } from '../protocol/address.js';
import { COMMAND_NAME_LENGTH, type Opcodes } from '../protocol/opcodes.js';
import { type BlockRecord, BlockWriter, type RecordKind } from './block.js';
import { Recording, splitDevice } from './recording.js';
import { FrameRedactor } from './redact-frames.js';

export interface RedactSettings {
  readonly opcodes: Opcodes;
  /** The setting of the recording gateway. */
  readonly openFrameTimeoutMs: number;
  /** Devices whose bytes are kept; of others, only times and lengths are. */
  readonly keptLinks?: ReadonlySet<string> | undefined;
}

type RedactPayload = (payload: Buffer, us: number) => Buffer;

const NOTHING = Buffer.alloc(0);
const OPCODE_LENGTH = 1;
const FAILURE = 'F';
const X = 'x';
/** Method names are words; anything else is a client's own text. */
const METHOD = /^[a-z][\w.]{0,63}$/i;
const LONGEST_ID = 64;

/** For one recording: frames may continue from one record to the next. */
export class Redactor {
  readonly #rules: Readonly<Record<RecordKind, RedactPayload>>;
  readonly #writer = new BlockWriter();
  readonly #keptLinks: ReadonlySet<string>;
  /** Channels of devices whose bytes are kept. */
  readonly #keptChannels = new Set<number>();

  constructor({ opcodes, openFrameTimeoutMs, keptLinks = new Set() }: RedactSettings) {
    this.#keptLinks = keptLinks;
    const fromRoot = new FrameRedactor(() => ADDRESS_LENGTH + OPCODE_LENGTH, openFrameTimeoutMs);
    const toRoot = new FrameRedactor((start) => keptOfCommand(start, opcodes), openFrameTimeoutMs);
    const unchanged: RedactPayload = (payload) => payload;
    const atBreak: RedactPayload = (payload) => {
      fromRoot.abandon();
      toRoot.abandon();
      return payload;
    };
    this.#rules = {
      link: unchanged,
      opened: atBreak,
      notOpened: unchanged,
      closed: atBreak,
      fromRoot: (payload, us) => fromRoot.redact(payload, us),
      toRoot: (payload, us) => toRoot.redact(payload, us),
      clock: unchanged,
      client: unchanged,
      request: (payload) => zeroAfter(keptOfCommand(payload, opcodes), payload),
      reply: (payload) => (payload.toString('latin1', 0, 1) === FAILURE ? payload : zeroAfter(1, payload)),
      call: redactJson,
      result: redactJson,
      ended: unchanged,
      lines: unchanged,
      device: unchanged,
      deviceOpened: unchanged,
      deviceNotOpened: unchanged,
      deviceClosed: unchanged,
      fromDevice: unchanged,
      toDevice: unchanged,
      deviceLines: unchanged,
    };
  }

  /** The same blocks without payloads; damaged ones are left out. */
  redact(blocks: Buffer): Buffer {
    const redacted: Buffer[] = [];
    for (const { block } of new Recording(blocks).blocks()) {
      this.#writer.begin(block);
      for (const record of block.records) this.#append(record);
      redacted.push(this.#writer.finish());
    }
    return Buffer.concat(redacted);
  }

  /** Records of a later version are left out, since their content is unknown. */
  #append({ kind, us, channel, payload, wholeLength }: BlockRecord): void {
    if (!kind) return;
    if (kind === 'device' && this.#keptLinks.has(splitDevice(payload).name)) this.#keptChannels.add(channel);
    if ((kind === 'fromDevice' || kind === 'toDevice') && !this.#keptChannels.has(channel)) {
      this.#writer.append(kind, us, channel, NOTHING, wholeLength);
      return;
    }
    const rest = this.#rules[kind](payload, us);
    const isCut = wholeLength > payload.length;
    this.#writer.append(kind, us, channel, rest, isCut ? wholeLength : rest.length);
  }
}

/** Bytes kept: the command, its address if it has one, and the opcode of its message if it has one. */
function keptOfCommand(start: Buffer, opcodes: Opcodes): number {
  if (start.length <= COMMAND_NAME_LENGTH) return COMMAND_NAME_LENGTH;
  const command = opcodes.findCommand(start.toString('latin1', 0, COMMAND_NAME_LENGTH));
  const [first, second] = command?.arguments ?? [];
  if (first !== 'address' && first !== 'ignored') return COMMAND_NAME_LENGTH;
  return COMMAND_NAME_LENGTH + ADDRESS_LENGTH + (second === 'message' ? OPCODE_LENGTH : 0);
}

function zeroAfter(kept: number, payload: Buffer): Buffer {
  return Buffer.concat([payload.subarray(0, kept)], payload.length);
}

/** Never longer than the original; anything but JSON-RPC becomes x's. */
function redactJson(payload: Buffer): Buffer {
  const rest = Buffer.from(shortJson(payload.toString('utf8')) ?? '');
  const fits = rest.length > 0 && rest.length <= payload.length;
  return fits ? rest : Buffer.from(X.repeat(payload.length));
}

function shortJson(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return JSON.stringify(Array.isArray(parsed) ? parsed.map(shortMessage) : shortMessage(parsed));
  } catch {
    return undefined;
  }
}

function shortMessage(message: unknown): object {
  if (typeof message !== 'object' || message === null) return {};
  const { id, method, error } = message as Readonly<Record<string, unknown>>;
  return {
    jsonrpc: '2.0',
    ...(isShortId(id) && { id }),
    ...(typeof method === 'string' && METHOD.test(method) && { method }),
    ...('result' in message && { result: {} }),
    ...(typeof error === 'object' && error !== null && { error: shortError(error) }),
  };
}

function isShortId(id: unknown): boolean {
  return id === null || typeof id === 'number' || (typeof id === 'string' && id.length <= LONGEST_ID);
}

/** Keeps only the codes, which are a closed list: error messages can contain a client's data. */
function shortError(error: object): object {
  const { code, data } = error as { readonly code?: unknown; readonly data?: { readonly code?: unknown } };
  return {
    ...(typeof code === 'number' && { code }),
    ...(typeof data?.code === 'string' && { data: { code: data.code } }),
  };
}
