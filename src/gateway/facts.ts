/** Facts about the gateway itself, for sessions. */
import type { AuditTrail } from '../api/audit.js';
import type { GatewayFacts } from '../api/method.js';
import { packageVersion } from '../base/package-root.js';
import type { Config } from '../config/schema.js';
import type { Connector } from '../connectors/connector.js';
import type { ClassicLog } from '../history/classic-log.js';
import type { FlightRecorder } from '../recorder/flight-recorder.js';
import type { ClientListener } from '../socket/listener.js';
import type { MapPicture } from '../socket/web/map-picture.js';
import type { WebServer } from '../socket/web/web-server.js';

/** Functions are called on demand: some parts exist only after the gateway has started. */
export interface DescribedGateway {
  readonly config: Config;
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly audit: AuditTrail;
  readonly mapPicture: MapPicture;
  readonly recorder: FlightRecorder | undefined;
  readonly classicLog: ClassicLog | undefined;
  readonly listener: () => ClientListener;
  readonly web: () => WebServer | undefined;
  readonly webUrl: () => string | undefined;
  readonly connectors: () => ReadonlyMap<string, Connector>;
}

export function describeGateway(gateway: DescribedGateway): GatewayFacts {
  const { config, startedAt, audit, mapPicture, recorder, classicLog, listener, web } = gateway;
  return {
    version: packageVersion,
    port: config.simulate ? null : config.port,
    startedAt,
    clients: () => {
      const { connected, listening, sessions } = listener().clients();
      const onWeb = web()?.clients() ?? { connected: 0, sessions: 0 };
      return { connected: connected + onWeb.connected, listening, sessions: sessions + onWeb.sessions };
    },
    clientList: () => [...listener().list(), ...(web()?.list() ?? [])],
    classicLogCounters: () => classicLog?.counters(),
    audit,
    clientCounters: () => ({
      sockets: listener().counters(),
      web: web()?.counters() ?? null,
      audit: audit.counters(),
      ...Object.fromEntries(
        [...gateway.connectors()].map(([name, connector]) => [name, connector.counters()]),
      ),
    }),
    dashboardUrl: gateway.webUrl,
    map: mapPicture.facts,
    recorder,
  };
}
