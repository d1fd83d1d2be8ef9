import {
  type Link,
  type LinkDownReason,
  LinkError,
  type LinkHandlers,
  type ModemLines,
} from '../link/link.js';
import type { VirtualMeshOptions } from './mesh-options.js';
import { VirtualMesh } from './virtual-mesh.js';
import type { VirtualUart } from './virtual-uart.js';

/** An `OpenLink` whose link has modem lines, like a serial port. */
export type OpenSimulatedLink = (handlers: LinkHandlers) => Promise<SimulatedLink>;

/**
 * A link to a virtual mesh inside this process. The mesh starts when the link is first opened, and keeps running while
 * the link is closed. Throws as `VirtualMesh` does.
 */
export function openSimulatedLink(options: VirtualMeshOptions): OpenSimulatedLink {
  return openLinkTo(new VirtualMesh(options));
}

/**
 * A link to a virtual root. Like a serial port it has one user: a second one is refused with `heldByAnother`. While the
 * device is unplugged, opening fails with `noDevice`.
 */
export function openLinkTo(uart: VirtualUart): OpenSimulatedLink {
  let holder: SimulatedLink | undefined;
  return async (handlers) => {
    if (holder) throw new LinkError('heldByAnother', `${uart.name} is already open`);
    if (!uart.isPlugged) throw new LinkError('noDevice', `${uart.name} is unplugged`);
    const release = () => {
      holder = undefined;
    };
    holder = new SimulatedLink(uart, handlers, release);
    uart.start();
    return holder;
  };
}

export class SimulatedLink implements Link {
  readonly name: string;
  readonly #uart: VirtualUart;
  readonly #release: () => void;
  readonly #disconnect: () => void;
  #endedBy: LinkError | undefined;

  constructor(uart: VirtualUart, handlers: LinkHandlers, release: () => void) {
    this.name = uart.name;
    this.#uart = uart;
    this.#release = release;
    this.#disconnect = uart.connect(
      (chunk) => handlers.onBytes(chunk),
      () => {
        const detail = `${this.name} was unplugged`;
        this.#end('hungUp', detail);
        handlers.onClosed('hungUp', detail);
      },
    );
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#endedBy) throw this.#endedBy;
    this.#uart.receive(bytes);
  }

  /** Sets both modem lines. Rejects with a `LinkError` if the link has ended. */
  async setLines(lines: ModemLines): Promise<void> {
    if (this.#endedBy) throw this.#endedBy;
    this.#uart.setLines(lines);
  }

  async close(): Promise<void> {
    if (this.#endedBy) return;
    this.#end('stopped', `${this.name} is closed`);
    this.#disconnect();
  }

  #end(reason: LinkDownReason, detail: string): void {
    this.#endedBy = new LinkError(reason, detail);
    this.#release();
  }
}
