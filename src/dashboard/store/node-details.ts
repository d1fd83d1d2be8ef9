/** Fetches what events don't contain: a node's name and uuid, and every status once the link is back. */
import type { MeshEvent } from '../../api/shapes.js';
import type { MethodName, Params, Result } from '../api.js';
import type { Store } from './store.js';

/** Many nodes appear at once when a root lists them: they are fetched together. */
const GATHER_MS = 500;
/** If more nodes than this are wanted, the full list is fetched. */
const MAX_SINGLE = 8;

interface Gateway {
  call<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Result<Name>>;
  /** Applies the events received before the reply. */
  flush(): void;
}

export class NodeDetails {
  readonly #store: Store;
  readonly #gateway: Gateway;
  readonly #wanted = new Set<number>();
  #wantsAll = false;
  #wantsDevices = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, gateway: Gateway) {
    this.#store = store;
    this.#gateway = gateway;
  }

  onNodeEvent({ node, device, change }: Extract<MeshEvent, { kind: 'node' }>): void {
    if (device !== undefined) {
      this.#wantsDevices ||= change === 'added';
      if (this.#wantsDevices) this.#schedule();
      return;
    }
    if (change === 'forgotten') this.#wanted.delete(node);
    if (change === 'forgotten' || change === 'status') return;
    this.#wanted.add(node);
    this.#schedule();
  }

  fetchAll(): void {
    this.#wantsAll = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#fetch().catch(() => {});
    }, GATHER_MS);
  }

  async #fetch(): Promise<void> {
    await Promise.all([this.#fetchNodes(), this.#fetchDevices()]);
  }

  /** Devices are few: all are fetched. */
  async #fetchDevices(): Promise<void> {
    if (!this.#wantsDevices) return;
    this.#wantsDevices = false;
    const { devices } = await this.#gateway.call('devices', {});
    this.#gateway.flush();
    this.#store.replaceDevices(devices);
  }

  async #fetchNodes(): Promise<void> {
    const addresses = [...this.#wanted];
    const wantsAll = this.#wantsAll || addresses.length > MAX_SINGLE;
    this.#wanted.clear();
    this.#wantsAll = false;
    if (wantsAll) {
      const { nodes } = await this.#gateway.call('nodes', {});
      this.#gateway.flush();
      this.#store.replaceNodes(nodes);
    } else {
      await Promise.all(addresses.map((address) => this.#fetchOne(address)));
    }
  }

  async #fetchOne(node: number): Promise<void> {
    const info = await this.#gateway.call('node', { node });
    this.#gateway.flush();
    this.#store.replaceNode(info);
  }
}
