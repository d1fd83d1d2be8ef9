/** The links of devices in a recording. Their protocols are not known: bytes are shown as lines of text, or as hex. */
import { isUtf8 } from 'node:buffer';
import { decodeLinkFacts } from '../../../recorder/link-facts.js';
import { type Entry, splitDevice, splitReason } from '../../../recorder/recording.js';

export type DeviceDirection = 'fromDevice' | 'toDevice';

/** `link`: the name of the device's source; bytes are hex. */
export type DeviceItem = { readonly link: string } & (
  | {
      readonly kind: 'deviceLink';
      readonly change: 'was' | 'opened' | 'notOpened' | 'closed';
      readonly name: string | null;
      readonly reason: string | null;
      readonly detail: string | null;
    }
  /** One of `text` and `hex` is null. */
  | {
      readonly kind: 'deviceData';
      readonly direction: DeviceDirection;
      readonly text: string | null;
      readonly hex: string | null;
    }
  | { readonly kind: 'deviceBytes'; readonly direction: DeviceDirection; readonly hex: string }
  /** Bytes that were not recorded, or removed. */
  | { readonly kind: 'deviceOmitted'; readonly direction: DeviceDirection; readonly bytes: number }
  | { readonly kind: 'deviceLines'; readonly dtr: boolean; readonly rts: boolean }
);

type Content = DeviceItem extends infer Item
  ? Item extends { link: string }
    ? Omit<Item, 'link'>
    : never
  : never;

/** Longer lines are shown in pieces. */
const LONGEST_LINE = 256;
const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);
/** Tab, line feed, carriage return and printable characters. */
const TEXT = /^[\t\n\r\x20-\x7e\u{a0}-\u{10ffff}]*$/u;

/** Decodes the records of all devices, in order. */
export class DeviceItems {
  readonly #timeoutUs: number;
  readonly #withBytes: boolean;
  readonly #devices = new Map<string, DeviceLink>();

  constructor({ openFrameTimeoutMs, withBytes }: { openFrameTimeoutMs: number; withBytes: boolean }) {
    this.#timeoutUs = openFrameTimeoutMs * 1000;
    this.#withBytes = withBytes;
  }

  /** Empty for records that are not of a device. */
  take(entry: Entry): DeviceItem[] {
    let device = this.#devices.get(entry.link);
    if (!device) this.#devices.set(entry.link, (device = new DeviceLink(this.#timeoutUs, this.#withBytes)));
    return device.take(entry).map((item) => ({ link: entry.link, ...item }));
  }

  /** Unfinished lines, at the end of a run. */
  finish(): DeviceItem[] {
    return [...this.#devices].flatMap(([link, device]) => device.end().map((item) => ({ link, ...item })));
  }
}

class DeviceLink {
  readonly #withBytes: boolean;
  readonly #data: Readonly<Record<DeviceDirection, DataLines>>;
  #name = '';

  constructor(timeoutUs: number, withBytes: boolean) {
    this.#withBytes = withBytes;
    this.#data = {
      fromDevice: new DataLines('fromDevice', timeoutUs),
      toDevice: new DataLines('toDevice', timeoutUs),
    };
  }

  take({ kind, payload, us, wholeLength }: Entry): Content[] {
    switch (kind) {
      case 'device':
        return this.#isNamed(splitDevice(payload).facts);
      case 'deviceOpened':
        return [...this.end(), ...this.#opened(payload)];
      case 'deviceNotOpened':
        return [{ kind: 'deviceLink', change: 'notOpened', name: null, ...splitReason(payload) }];
      case 'deviceClosed':
        this.#name = '';
        return [...this.end(), { kind: 'deviceLink', change: 'closed', name: null, ...splitReason(payload) }];
      case 'fromDevice':
      case 'toDevice':
        return this.#bytes(kind, payload, us, wholeLength);
      case 'deviceLines':
        return [{ kind, dtr: payload[0] === 1, rts: payload[1] === 1 }];
      default:
        return [];
    }
  }

  end(): Content[] {
    return [...this.#data.fromDevice.end(), ...this.#data.toDevice.end()];
  }

  /** Blocks state the link again; only changes are shown. */
  #isNamed(facts: Buffer): Content[] {
    const name = decodeLinkFacts(facts)?.name ?? '';
    if (name === this.#name) return [];
    this.#name = name;
    return [{ kind: 'deviceLink', change: 'was', name, reason: null, detail: null }];
  }

  #opened(facts: Buffer): Content[] {
    this.#name = decodeLinkFacts(facts)?.name ?? '';
    return [{ kind: 'deviceLink', change: 'opened', name: this.#name, reason: null, detail: null }];
  }

  #bytes(direction: DeviceDirection, payload: Buffer, us: number, wholeLength: number): Content[] {
    const data = this.#data[direction];
    const omitted = wholeLength - payload.length;
    if (omitted > 0) return [...data.end(), { kind: 'deviceOmitted', direction, bytes: omitted }];
    const items = data.push(payload, us);
    if (!this.#withBytes) return items;
    return [{ kind: 'deviceBytes', direction, hex: payload.toString('hex') }, ...items];
  }
}

/** Splits one direction into lines. What is not text is shown as it was read from the port. */
class DataLines {
  readonly #direction: DeviceDirection;
  readonly #timeoutUs: number;
  #held: Buffer = NOTHING;
  #lastUs = 0;

  constructor(direction: DeviceDirection, timeoutUs: number) {
    this.#direction = direction;
    this.#timeoutUs = timeoutUs;
  }

  push(bytes: Buffer, us: number): Content[] {
    const late = us - this.#lastUs >= this.#timeoutUs ? this.end() : [];
    this.#lastUs = us;
    const all = Buffer.concat([this.#held, bytes]);
    this.#held = NOTHING;
    return [...late, ...(isText(all) ? this.#lines(all) : this.#pieces(all))];
  }

  end(): Content[] {
    const rest = this.#held;
    this.#held = NOTHING;
    return this.#pieces(rest);
  }

  #lines(text: Buffer): Content[] {
    const items: Content[] = [];
    let from = 0;
    for (let at = text.indexOf(LINE_FEED); at !== -1; at = text.indexOf(LINE_FEED, from)) {
      items.push(...this.#pieces(text.subarray(from, at)));
      from = at + 1;
    }
    const rest = text.subarray(from);
    if (rest.length > LONGEST_LINE) return [...items, ...this.#pieces(rest)];
    this.#held = Buffer.from(rest);
    return items;
  }

  #pieces(bytes: Buffer): Content[] {
    const items: Content[] = [];
    for (let from = 0; from < bytes.length; from += LONGEST_LINE) {
      items.push(...this.#piece(bytes.subarray(from, from + LONGEST_LINE)));
    }
    return items;
  }

  #piece(bytes: Buffer): Content[] {
    const direction = this.#direction;
    if (!isText(bytes)) return [{ kind: 'deviceData', direction, text: null, hex: bytes.toString('hex') }];
    const text = bytes.toString('utf8').replace(/\r$/, '');
    return text === '' ? [] : [{ kind: 'deviceData', direction, text, hex: null }];
  }
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && TEXT.test(bytes.toString('utf8'));
}
