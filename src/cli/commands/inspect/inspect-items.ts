/** The contents of a recording: messages, commands, console lines, faults, and traffic of devices and clients. */

import { describeEvent } from '../../../api/describe.js';
import type { MessageInfo, Value } from '../../../client/index.js';
import { ADDRESS_LENGTH } from '../../../protocol/address.js';
import { decodeMessage, isRootAddress, type Message, type Tables } from '../../../protocol/message.js';
import { COMMAND_NAME_LENGTH } from '../../../protocol/opcodes.js';
import type { RecordKind } from '../../../recorder/block.js';
import { decodeLinkFacts } from '../../../recorder/link-facts.js';
import { Moments } from '../../../recorder/moments.js';
import { type Entry, splitReason } from '../../../recorder/recording.js';
import { WireDecoder, type WireItem, type WireSettings } from '../../../recorder/wire-decoder.js';
import type { FrameDropReason, LineNoise } from '../../../uart/frame.js';
import { type DeviceItem, DeviceItems } from './device-items.js';

const HEADER_LENGTH = ADDRESS_LENGTH + 1;

export type Direction = 'fromRoot' | 'toRoot';

/**
 * One entry of the output. `at`: ms since the epoch, host clock; `elapsedMs`: since the start of the recording,
 * monotonic clock; bytes are hex.
 */
export type Item = { readonly at: number; readonly elapsedMs: number } & ItemContent;

export type ItemContent =
  | DeviceItem
  | {
      readonly kind: 'message';
      readonly message: Omit<MessageInfo, 'toListeners'>;
      readonly values: readonly Value[];
    }
  /** `to`: the node it is addressed to, if any; `body`: the bytes after the command and the address. */
  | { readonly kind: 'command'; readonly name: string; readonly to: number | null; readonly body: string }
  | { readonly kind: 'console'; readonly line: string }
  | { readonly kind: 'dropped'; readonly direction: Direction; readonly reason: FrameDropReason }
  | { readonly kind: 'noise'; readonly direction: Direction; readonly noise: LineNoise }
  | { readonly kind: 'bytes'; readonly direction: Direction; readonly hex: string }
  | {
      readonly kind: 'link';
      readonly change: 'was' | 'opened' | 'notOpened' | 'closed';
      readonly name: string | null;
      readonly reason: string | null;
      readonly detail: string | null;
    }
  /** The modem lines were set; true: asserted. */
  | { readonly kind: 'lines'; readonly dtr: boolean; readonly rts: boolean }
  /** The host clock was set; `byMs` is an estimate. */
  | { readonly kind: 'clock'; readonly byMs: number }
  | {
      readonly kind: 'client';
      readonly client: string;
      readonly what: 'request' | 'reply' | 'call' | 'result' | 'ended';
      /** JSON texts and reasons; null for bytes. */
      readonly text: string | null;
      readonly hex: string | null;
      /** Bytes before the recorder cut it. */
      readonly length: number;
    };

export interface InspectSettings extends WireSettings {
  readonly tables: Tables;
  /** Include the raw bytes of the line. */
  readonly withBytes: boolean;
  /** Payloads were removed: the bytes in their place are meaningless. */
  readonly isRedacted: boolean;
}

/** Decodes the records of one recording, in order. */
export class Inspector {
  readonly #settings: InspectSettings;
  readonly #lines: Readonly<Record<Direction, WireDecoder>>;
  readonly #devices: DeviceItems;
  readonly #moments = new Moments();
  #now = { at: 0, elapsedMs: 0 };
  #jumpMs = 0;
  #link = '';
  #run = '';

  constructor(settings: InspectSettings) {
    this.#settings = settings;
    this.#devices = new DeviceItems(settings);
    this.#lines = { fromRoot: new WireDecoder(settings), toRoot: new WireDecoder(settings) };
  }

  take(entry: Entry): Item[] {
    const { at, run } = entry;
    const left = run === this.#run ? [] : this.finish();
    this.#run = run;
    const elapsedMs = this.#moments.momentOf(entry);
    this.#jumpMs = Math.round(at - this.#now.at - (elapsedMs - this.#now.elapsedMs));
    this.#now = { at, elapsedMs };
    return [...left, ...this.#contentsOf(entry).map((content) => ({ ...this.#now, ...content }))];
  }

  /** Unfinished frames and lines at the end of the recording. */
  finish(): Item[] {
    return [...this.#endLines(), ...this.#devices.finish()].map((content) => ({ ...this.#now, ...content }));
  }

  #contentsOf(entry: Entry): ItemContent[] {
    const { kind, payload } = entry;
    switch (kind) {
      case 'fromRoot':
      case 'toRoot':
        return this.#wireItems(kind, entry);
      case 'link':
      case 'opened':
      case 'notOpened':
      case 'closed':
        return this.#linkItems(kind, payload);
      case 'lines':
        return [{ kind: 'lines', dtr: payload[0] === 1, rts: payload[1] === 1 }];
      case 'clock':
        return [{ kind: 'clock', byMs: this.#jumpMs }];
      case 'request':
      case 'reply':
      case 'call':
      case 'result':
      case 'ended':
        return [clientItem(kind, entry)];
      default:
        return this.#devices.take(entry);
    }
  }

  #wireItems(direction: Direction, { payload, us, at }: Entry): ItemContent[] {
    const found = this.#lines[direction].push(payload, us);
    const items = found.map((item) => this.#wireItem(direction, item, at));
    if (!this.#settings.withBytes) return items;
    return [{ kind: 'bytes', direction, hex: payload.toString('hex') }, ...items];
  }

  #wireItem(direction: Direction, item: WireItem, at: number): ItemContent {
    switch (item.kind) {
      case 'frame':
        return direction === 'toRoot'
          ? commandItem(item.body, this.#settings.tables)
          : this.#message(item.body, at);
      case 'console':
        return item;
      default:
        return { ...item, direction };
    }
  }

  #message(body: Buffer, at: number): ItemContent {
    const decoded = decodeMessage(body, this.#settings.tables);
    const { toListeners: _, ...message } = describeMessage(decoded, at);
    if (!this.#settings.isRedacted) return { kind: 'message', message, values: valuesOf(decoded, at) };
    const name = nameOf(decoded, this.#settings.tables) ?? message.name;
    const detail = `${Math.max(0, body.length - HEADER_LENGTH)} bytes`;
    return { kind: 'message', message: { ...message, name, text: null, detail }, values: [] };
  }

  /** Every block states the link; only changes are shown. */
  #linkItems(
    kind: Extract<RecordKind, 'link' | 'opened' | 'notOpened' | 'closed'>,
    payload: Buffer,
  ): ItemContent[] {
    const left = kind === 'opened' || kind === 'closed' ? this.#endLines() : [];
    const isNamed = kind === 'link' || kind === 'opened';
    const before = this.#link;
    if (kind !== 'notOpened') this.#link = isNamed ? (decodeLinkFacts(payload)?.name ?? '') : '';
    if (kind === 'link' && this.#link === before) return [];
    const { reason, detail } = isNamed ? { reason: null, detail: null } : splitReason(payload);
    const change = kind === 'link' ? 'was' : kind;
    return [...left, { kind: 'link', change, name: isNamed ? this.#link : null, reason, detail }];
  }

  #endLines(): ItemContent[] {
    return (['fromRoot', 'toRoot'] as const).flatMap((direction) =>
      this.#lines[direction].end().map((item) => this.#wireItem(direction, item, 0)),
    );
  }
}

function describeMessage(message: Message, at: number): MessageInfo {
  const event = describeEvent({ seq: 0, at, kind: 'message', message, toListeners: false });
  if (event.kind !== 'message') throw new Error('a message was described as something else');
  return event.message;
}

/** Name of its opcode, even if its payload could not be decoded. */
function nameOf({ from, body }: Message, { opcodes }: Tables): string | undefined {
  const speaker = isRootAddress(from) ? 'root' : 'node';
  return opcodes.findMessage(body[ADDRESS_LENGTH] ?? 0, speaker)?.name;
}

function valuesOf(message: Message, at: number): Value[] {
  if (message.kind !== 'values') return [];
  return message.values.flatMap(({ type, bytes, deviceTime }) => {
    const value = { receivedAt: at, bytes, ...(deviceTime !== undefined && { deviceTime }) };
    const event = describeEvent({ seq: 0, at, kind: 'value', node: message.from, type, value });
    return event.kind === 'value' ? [event.value] : [];
  });
}

function commandItem(body: Buffer, { opcodes }: Tables): ItemContent {
  const name = body.toString('latin1', 0, COMMAND_NAME_LENGTH);
  const rest = body.subarray(COMMAND_NAME_LENGTH);
  const isAddressed = opcodes.findCommand(name)?.arguments[0] === 'address' && rest.length >= ADDRESS_LENGTH;
  const to = isAddressed ? rest.readUInt16BE(0) : null;
  return { kind: 'command', name, to, body: rest.toString('hex', isAddressed ? ADDRESS_LENGTH : 0) };
}

function clientItem(
  what: 'request' | 'reply' | 'call' | 'result' | 'ended',
  { client, payload, wholeLength: length }: Entry,
): ItemContent {
  const isText = what !== 'request' && what !== 'reply';
  const text = isText ? payload.toString('utf8') : null;
  return { kind: 'client', client, what, text, hex: isText ? null : payload.toString('hex'), length };
}
