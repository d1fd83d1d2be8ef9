import { type Link, LinkError, type LinkHandlers, type OpenLink } from '../uart/link.js';
import type { VirtualMeshOptions } from './mesh-options.js';
import { VirtualMesh } from './virtual-mesh.js';
import type { VirtualUart } from './virtual-uart.js';

/**
 * A link to a virtual mesh inside this process. Its root is switched on when the link is opened for the first
 * time, and the mesh goes on while the link is closed. Throws as `VirtualMesh` does.
 */
export function openSimulatedLink(options: VirtualMeshOptions): OpenLink {
  return openLinkTo(new VirtualMesh(options));
}

/** A link to a virtual root. Like a serial port it has one user: a second is refused with `heldByAnother`. */
export function openLinkTo(uart: VirtualUart): OpenLink {
  let holder: SimulatedLink | undefined;
  return async (handlers) => {
    if (holder) throw new LinkError('heldByAnother', `${uart.name} is open already`);
    const release = () => {
      holder = undefined;
    };
    holder = new SimulatedLink(uart, handlers, release);
    uart.start();
    return holder;
  };
}

class SimulatedLink implements Link {
  readonly name: string;
  readonly #uart: VirtualUart;
  readonly #release: () => void;
  readonly #disconnect: () => void;
  #open = true;

  constructor(uart: VirtualUart, handlers: LinkHandlers, release: () => void) {
    this.name = uart.name;
    this.#uart = uart;
    this.#release = release;
    this.#disconnect = uart.connect((chunk) => handlers.onBytes(chunk));
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.#open) throw new LinkError('stopped', `${this.name} is closed`);
    this.#uart.receive(bytes);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#disconnect();
    this.#release();
  }
}
