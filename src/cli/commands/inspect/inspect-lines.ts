/** Contents of a recording as lines for people. */

import { LINK_DOWN_REASONS } from '../../../link/link.js';
import { FRAME_DROP_REASONS } from '../../../uart/frame.js';
import { formatAddress } from '../../text/address.js';
import { describeMessage, formatWords, type Words } from '../../text/event-line.js';
import { formatBytes } from '../../text/hex.js';
import { formatBytesAmount } from '../../text/numbers.js';
import type { View } from '../../text/terminal.js';
import { formatDuration } from '../../text/time.js';
import type { DeviceItem } from './device-items.js';
import type { Direction, Item } from './inspect-items.js';

const NOISES = {
  emptyFrame: 'empty frame',
  strayEnd: 'end of a frame without a start',
};

const LINK_CHANGES = {
  was: 'is open',
  opened: 'opened',
  notOpened: 'not open',
  closed: 'closed',
} as const;

/** One line, without its end. */
export function formatItem(item: Item, view: View): string {
  return formatWords(item.at, describeItem(item), view);
}

function describeItem(item: Item): Words {
  switch (item.kind) {
    case 'message':
      return describeMessage({ ...item.message, toListeners: false }, item.values, {});
    case 'command':
      return { who: receiverOf(item.to), what: item.name, text: item.body && formatBytes(item.body) };
    case 'console':
      return { who: 'root', what: 'console', text: item.line, colour: 'dim' };
    case 'dropped': {
      const text = `frame: ${FRAME_DROP_REASONS[item.reason]}`;
      return { who: sideOf(item.direction), what: 'dropped', text, colour: 'red' };
    }
    case 'noise':
      return { who: sideOf(item.direction), what: 'noise', text: NOISES[item.noise], colour: 'dim' };
    case 'bytes':
      return { who: sideOf(item.direction), what: 'bytes', text: item.hex, colour: 'dim' };
    case 'link':
      return describeLinkItem(item);
    case 'lines': {
      const text = `DTR ${onOrOff(item.dtr)}, RTS ${onOrOff(item.rts)}`;
      return { who: '→ root', what: 'lines', text, colour: 'yellow' };
    }
    case 'clock':
      return { who: 'clock', what: 'set', text: describeJump(item.byMs), colour: 'yellow' };
    case 'client':
      return describeClientItem(item);
    default:
      return describeDeviceItem(item);
  }
}

function describeDeviceItem(item: DeviceItem): Words {
  const who = 'direction' in item && item.direction === 'toDevice' ? `→ ${item.link}` : item.link;
  switch (item.kind) {
    case 'deviceLink':
      return { ...describeLinkItem(item), who };
    case 'deviceData':
      return item.text === null
        ? { who, what: 'data', text: formatBytes(item.hex ?? '') }
        : { who, what: 'text', text: item.text };
    case 'deviceBytes':
      return { who, what: 'bytes', text: item.hex, colour: 'dim' };
    case 'deviceOmitted':
      return { who, what: 'omitted', text: formatBytesAmount(item.bytes), colour: 'dim' };
    case 'deviceLines': {
      const text = `DTR ${onOrOff(item.dtr)}, RTS ${onOrOff(item.rts)}`;
      return { who: `→ ${item.link}`, what: 'lines', text, colour: 'yellow' };
    }
  }
}

function onOrOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}

function describeJump(byMs: number): string {
  const amount = Math.abs(byMs) < 1000 ? `${Math.abs(byMs)} ms` : formatDuration(Math.abs(byMs));
  return `the host clock was set ${byMs < 0 ? 'back' : 'forward'} by ${amount}`;
}

function sideOf(direction: Direction): string {
  return direction === 'fromRoot' ? 'root' : '→ root';
}

function receiverOf(to: number | null): string {
  return to === null || to === 0 ? '→ root' : `→ ${formatAddress(to, undefined)}`;
}

type LinkItem = Pick<Extract<Item, { kind: 'link' }>, 'change' | 'name' | 'reason' | 'detail'>;

function describeLinkItem({ change, name, reason, detail }: LinkItem): Words {
  const words = reason === 'stopped' ? 'by the gateway' : describeReason(reason);
  const why = [words, detail].filter(Boolean).join(': ');
  const isGone = change === 'was' && name === '';
  return {
    who: 'link',
    what: isGone ? 'is closed' : LINK_CHANGES[change],
    text: name ?? why,
    colour: 'yellow',
  };
}

function describeReason(reason: string | null): string | null {
  return LINK_DOWN_REASONS[reason as keyof typeof LINK_DOWN_REASONS] ?? reason;
}

/** First letter of a reply of the classic dialect. */
const REPLIES: Readonly<Record<string, string>> = { S: 'success', F: 'failure' };
const COMMAND_DIGITS = 10;
/** `F` and the length of the text that follows. */
const FAILURE_HEAD = 4;

function describeClientItem(item: Extract<Item, { kind: 'client' }>): Words {
  const { client, what, text, hex, length } = item;
  const shown = text ?? (what === 'reply' ? describeReply(hex ?? '') : describeRequest(hex ?? ''));
  const kept = text === null ? (hex ?? '').length / 2 : Buffer.byteLength(text);
  const cut = length > kept ? ` … (${length} bytes)` : '';
  return { who: client, what, text: shown + cut };
}

function describeRequest(hex: string): string {
  const rest = hex.slice(COMMAND_DIGITS);
  return `${textOf(hex.slice(0, COMMAND_DIGITS))}${rest && ` ${formatBytes(rest)}`}`;
}

function describeReply(hex: string): string {
  const word = REPLIES[textOf(hex.slice(0, 2))];
  if (word === undefined) return formatBytes(hex);
  if (word === 'failure') return `${word}: ${textOf(hex.slice(FAILURE_HEAD))}`;
  const rest = textOf(hex.slice(2));
  if (rest.startsWith('{')) return `${word} ${rest}`;
  return rest === '' ? word : `${word} ${formatBytes(hex.slice(2))}`;
}

function textOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}
