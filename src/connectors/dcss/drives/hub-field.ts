/** One field of a node's or a device's values, in the hub. */
import type { Hub } from '../../../hub/hub.js';
import { decodeValue } from '../../../protocol/data-types.js';
import { numberIn } from '../../../protocol/names.js';

/** Of a node or device: an address, a name or an id, which may be known only later. */
export function addressIn(node: string, hub: Hub): number | undefined {
  return numberIn(node) ?? hub.picture.addressOf(node);
}

export class HubField {
  readonly #hub: Hub;
  readonly #node: string;
  readonly #type: string;
  readonly #field: string;

  /** `path`: data type and field, `Supply.voltage`. */
  constructor(hub: Hub, node: string, path: string) {
    const end = path.lastIndexOf('.');
    this.#hub = hub;
    this.#node = node;
    this.#type = path.slice(0, end);
    this.#field = path.slice(end + 1);
  }

  /** Undefined while there is none. */
  read(): number | string | undefined {
    const address = addressIn(this.#node, this.#hub);
    const type = this.#hub.tables.dataTypes.findByName(this.#type);
    const value = address !== undefined && type && this.#hub.picture.latest(address, type.id);
    return value ? decodeValue(type, value.bytes)[this.#field]?.value : undefined;
  }

  readNumber(): number | undefined {
    const value = this.read();
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  /** Calls back for each new value. */
  watch(onValue: () => void): () => void {
    return this.#hub.feed.subscribe((event) => {
      if (
        event.kind === 'value' &&
        event.type.name === this.#type &&
        event.node === addressIn(this.#node, this.#hub)
      )
        onValue();
    });
  }
}
