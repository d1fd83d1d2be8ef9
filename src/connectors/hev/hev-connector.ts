/** The data servers of the configured sections. */
import type { HevPlace } from '../../config/sections/hev.js';
import type { Connector, ConnectorOptions } from '../connector.js';
import { HevServer } from './hev-server.js';
import { MeshMode } from './mesh-mode.js';
import type { HevMode, SendPacket } from './mode.js';
import { StrictMode } from './strict-mode.js';

export function createHevConnector(places: readonly HevPlace[], options: ConnectorOptions): Connector {
  const servers = places.map((place) => [place.id, createServer(place, options)] as const);
  return {
    start: () => {
      for (const [, server] of servers) server.start();
    },
    stop: async () => {
      await Promise.all(servers.map(([, server]) => server.stop()));
    },
    counters: () => Object.fromEntries(servers.map(([id, server]) => [id, server.counters()])),
  };
}

function createServer(place: HevPlace, { hub, clock, log }: ConnectorOptions): HevServer {
  const createMode = (send: SendPacket): HevMode =>
    place.table.mode === 'mesh'
      ? new MeshMode({ hub, clock, place, send })
      : new StrictMode({ hub, place, send });
  return new HevServer({ place, hub, clock, log, createMode });
}
