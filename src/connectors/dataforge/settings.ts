import type { EnvelopeLimits } from '../../codecs/dataforge/envelope-reader.js';
import type { DataforgeSection } from '../../config/sections/dataforge.js';

export interface ServerSettings {
  readonly mode: 'strict' | 'mesh';
  readonly listen: Address;
  /** Undefined if there is no page. */
  readonly web: Address | undefined;
  readonly limits: EnvelopeLimits;
  readonly maxClients: number;
  /** Messages that may wait for a client. */
  readonly queue: number;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Undefined if nothing is served. */
export function serverSettings(section: DataforgeSection): ServerSettings | undefined {
  const { mode, listen, web, queue } = section;
  if (mode === undefined) return undefined;
  return {
    mode,
    listen: readAddress(listen),
    web: web === 'off' ? undefined : readAddress(web),
    limits: { maxMeta: section.max_meta, maxData: section.max_data },
    maxClients: section.max_clients,
    queue,
  };
}

function readAddress(address: string): Address {
  const [host = '', port] = address.split(':');
  return { host, port: Number(port) };
}
