/** Asks for what events do not tell: a node's name and uuid, and every status once the link is back. */
import type { MeshEvent } from '../../api/shapes.js';
import type { MethodName, Params, Result } from '../api.js';
import type { Store } from './store.js';

/** Many nodes appear at once when a root lists them: they are asked for together. */
const GATHER_MS = 500;
/** More than these, and the whole list is asked for. */
const MAX_SINGLE = 8;

interface Ask {
  call<Name extends MethodName>(name: Name, params: Params<Name>): Promise<Result<Name>>;
  /** Applies the events that came before the reply. */
  flush(): void;
}

export class NodeDetails {
  readonly #store: Store;
  readonly #ask: Ask;
  readonly #wanted = new Set<number>();
  #wantsAll = false;
  #wantsDevices = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, ask: Ask) {
    this.#store = store;
    this.#ask = ask;
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

  askAll(): void {
    this.#wantsAll = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#run().catch(() => {});
    }, GATHER_MS);
  }

  async #run(): Promise<void> {
    await Promise.all([this.#runNodes(), this.#runDevices()]);
  }

  /** There are few of them: all are asked for. */
  async #runDevices(): Promise<void> {
    if (!this.#wantsDevices) return;
    this.#wantsDevices = false;
    const { devices } = await this.#ask.call('devices', {});
    this.#ask.flush();
    this.#store.replaceDevices(devices);
  }

  async #runNodes(): Promise<void> {
    const addresses = [...this.#wanted];
    const wantsAll = this.#wantsAll || addresses.length > MAX_SINGLE;
    this.#wanted.clear();
    this.#wantsAll = false;
    if (wantsAll) {
      const { nodes } = await this.#ask.call('nodes', {});
      this.#ask.flush();
      this.#store.replaceNodes(nodes);
    } else {
      await Promise.all(addresses.map((address) => this.#askOne(address)));
    }
  }

  async #askOne(node: number): Promise<void> {
    const info = await this.#ask.call('node', { node });
    this.#ask.flush();
    this.#store.replaceNode(info);
  }
}
