import type { LinkDownReason, LinkHandlers } from '../../src/link/link.js';
import { Waiters } from './waiters.js';

/** Records what a link reports. */
export class LinkOwner implements LinkHandlers {
  bytes: Buffer = Buffer.alloc(0);
  readonly endings: [LinkDownReason, string][] = [];
  readonly #waiters = new Waiters(() => `${this.bytes.length} bytes, ${this.endings.length} endings`);

  onBytes(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    this.#waiters.look();
  }

  onClosed(reason: LinkDownReason, detail: string): void {
    this.endings.push([reason, detail]);
    this.#waiters.look();
  }

  async until(condition: () => boolean): Promise<void> {
    await this.#waiters.until(condition);
  }

  async ending(): Promise<LinkDownReason | undefined> {
    await this.until(() => this.endings.length > 0);
    return this.endings[0]?.[0];
  }
}
