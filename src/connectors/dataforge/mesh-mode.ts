/**
 * Mesh mode: what strict mode has, and every node's values, the alarms, the link, and some methods of the session as
 * commands. One command for a node at a time.
 */
import { type CallOutcome, InternalCaller, type InternalCallerOptions } from '../../api/call.js';
import { describeAlarm, describeLink } from '../../api/describe.js';
import type { SessionError, SessionErrorCode } from '../../api/errors.js';
import { JsonWriter, wholeText, writeJson } from '../../api/long-reply.js';
import { DATA_TYPES } from '../../codecs/dataforge/envelope.js';
import { answerMeta, BUSY_TEXT, type ErrorCode, type Meta } from '../../codecs/dataforge/hv-messages.js';
import { unpackData } from '../../codecs/dataforge/unpack.js';
import type { Hub, HubEvent } from '../../hub/hub.js';
import { decodeValue } from '../../protocol/data-types.js';
import { numberIn } from '../../protocol/names.js';
import { HV_COMMANDS } from './command-check.js';
import { type Incoming, idOf, type Mode, type Refusal } from './hardware-manager.js';
import { HvMode, type HvModeOptions, SUPPLY } from './hv-mode.js';

const COMMANDS: ReadonlySet<unknown> = new Set([
  'send',
  'broadcast',
  'ping',
  'nodes',
  'node',
  'latest',
  'refresh',
]);
/** Those that a node is busy with. */
const OF_ONE_NODE: ReadonlySet<unknown> = new Set(['send', 'ping']);
/** Their data can be the message. */
const WITH_DATA: ReadonlySet<unknown> = new Set(['send', 'broadcast']);
/** Keys of a command that are not parameters of the method. */
const OWN_KEYS: ReadonlySet<string> = new Set(['type', 'command_type', 'id', 'compression']);
/** Bytes of a message as the data of a command; the mesh takes less. */
const MAX_MESSAGE = 4096;
/** Characters of an answer. */
const MAX_ANSWER = 1_048_576;

const CODES: Partial<Record<SessionErrorCode, ErrorCode>> = {
  BAD_PARAMS: 9,
  NODE_NOT_FOUND: 9,
  TYPE_NOT_FOUND: 9,
  OPCODE_NOT_FOUND: 9,
  MESSAGE_TOO_LONG: 9,
  FORBIDDEN: 9,
  BUSY: 8,
  TOO_MANY_REQUESTS: 8,
  LINK_DOWN: 12,
  REJECTED_BY_ROOT: 11,
};
const OTHER_CODE: ErrorCode = 5;

export type MeshModeOptions = HvModeOptions & Omit<InternalCallerOptions, 'name' | 'role'>;

export class MeshMode implements Mode {
  readonly #options: MeshModeOptions;
  readonly #supply: HvMode;
  readonly #caller: InternalCaller;
  /** Nodes with a command under way. */
  readonly #busy = new Set<string>();

  constructor(options: MeshModeOptions) {
    this.#options = options;
    this.#supply = new HvMode(options);
    this.#caller = new InternalCaller({ ...options, name: 'dataforge', role: 'send' });
  }

  carryOut(incoming: Incoming): Refusal | undefined {
    const { meta } = incoming;
    const isObject = typeof meta === 'object' && meta !== null && !Array.isArray(meta);
    if (!isObject) return { code: 9, description: 'the message must be an object' };
    const { type, command_type: name } = meta as Meta;
    if (type !== 'command') return { code: 7, description: 'type must be "command"' };
    if (HV_COMMANDS.has(name)) return this.#supply.carryOut(incoming);
    if (typeof name !== 'string' || !COMMANDS.has(name))
      return {
        code: 7,
        description: `unknown command; available: ${[...HV_COMMANDS, ...COMMANDS].join(', ')}`,
      };
    return this.#call(name, meta as Meta, incoming);
  }

  onEvent(event: HubEvent): void {
    const { say } = this.#options;
    this.#supply.onEvent(event);
    if (event.kind === 'value' && event.device !== SUPPLY) this.#onValue(event);
    else if (event.kind === 'alarm') say({ meta: answerMeta('alarm', { ...describeAlarm(event.alarm) }) });
    else if (event.kind === 'link') say({ meta: answerMeta('link', { ...describeLink(event.status) }) });
  }

  close(): void {
    this.#supply.close();
    this.#caller.close();
  }

  #call(name: string, meta: Meta, incoming: Incoming): Refusal | undefined {
    const params = paramsOf(name, meta, incoming);
    if (!params)
      return { code: 9, description: `the data must be at most ${MAX_MESSAGE} bytes, as unpacked` };
    const node = OF_ONE_NODE.has(name) ? nodeKeyOf(params.node, this.#options.hub) : undefined;
    if (node !== undefined && this.#busy.has(node)) return { code: 8, description: BUSY_TEXT };
    if (node !== undefined) this.#busy.add(node);
    this.#caller.call({ name, params }, (outcome) => {
      if (node !== undefined) this.#busy.delete(node);
      this.#onOutcome(name, params, outcome, idOf(meta));
    });
    return undefined;
  }

  #onOutcome(name: string, { node }: Meta, outcome: CallOutcome, id: string | number | undefined): void {
    if (outcome.error) {
      this.#options.refuse({ ...refusalOf(outcome.error), id });
      return;
    }
    const text = textOf(outcome.result);
    if (text.length > MAX_ANSWER) {
      this.#options.refuse({ code: 5, description: 'the answer is longer than 1 MiB', id });
      return;
    }
    const block = addressOf(node, this.#options.hub);
    const facts = {
      ...(block !== undefined && { block }),
      status: 'ok',
      result: JSON.parse(text) as unknown,
      ...(id !== undefined && { id }),
    };
    this.#options.say({ meta: answerMeta(name, facts) });
  }

  /** One message for each field. */
  #onValue({ node, type, value }: Extract<HubEvent, { kind: 'value' }>): void {
    const { say, hub } = this.#options;
    const name = hub.picture.nameOf(node);
    for (const [field, { value: content, unit }] of Object.entries(decodeValue(type, value.bytes))) {
      const facts = {
        block: node,
        name,
        data_type: type.name,
        [field]: content,
        ...(unit !== undefined && { unit }),
      };
      say({
        meta: answerMeta(`get_${field}`, facts),
        data: value.bytes,
        dataType: DATA_TYPES.raw,
        readingOf: `${node} ${type.id} ${field}`,
      });
    }
  }
}

/**
 * The parameters of the method; `block` names a node and `data_type` a data type, as in the values that are told.
 * Undefined if the data is too long.
 */
function paramsOf(name: string, meta: Meta, { data }: Incoming): Record<string, unknown> | undefined {
  const own = Object.entries(meta).filter(([key]) => !OWN_KEYS.has(key));
  const { block, data_type: type, ...rest } = Object.fromEntries(own);
  const params = {
    ...(block !== undefined && { node: block }),
    ...(type !== undefined && { type }),
    ...rest,
  };
  if (!WITH_DATA.has(name) || data.length === 0) return params;
  const message = unpackData({ meta, data }, MAX_MESSAGE);
  return message && { ...params, hex: message.toString('hex') };
}

function addressOf(node: unknown, hub: Hub): number | undefined {
  if (typeof node === 'number') return node;
  return typeof node === 'string' ? (numberIn(node) ?? hub.picture.addressOf(node)) : undefined;
}

function nodeKeyOf(node: unknown, hub: Hub): string | undefined {
  const address = addressOf(node, hub);
  return address === undefined ? undefined : String(address);
}

function refusalOf({ code, message }: SessionError): Refusal {
  return { code: CODES[code] ?? OTHER_CODE, description: message };
}

/** Also expands the long lists inside. */
function textOf(result: unknown): string {
  const writer = new JsonWriter();
  const work = writeJson(result, writer);
  while (!work.next().done);
  return wholeText(writer.finish());
}
