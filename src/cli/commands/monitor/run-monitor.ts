import { join } from 'node:path';
import { MeshgateError, systemErrorCode } from '../../../base/errors.js';
import { listenNear } from '../../../base/listen-near.js';
import { createLog } from '../../../base/log.js';
import { packageRoot } from '../../../base/package-root.js';
import { webSettings } from '../../../config/sections/http.js';
import { FleetMonitor } from '../../../fleet/monitor.js';
import { loadConfig } from '../../../gateway/settings.js';
import type { FleetChoice } from '../../fleet-choice.js';
import { print } from '../../output.js';
import { systemErrorText } from '../../text/system-error.js';
import { openFleet } from '../../with-fleet.js';
import { wantedFleet } from '../gateways.js';
import { logFatalErrors } from '../log-fatal-errors.js';
import { untilTerminated } from '../until-terminated.js';

export interface MonitorFlags {
  readonly http?: string;
  readonly config?: string;
  readonly fleetChoice?: FleetChoice;
}

/** Next to the dashboard of a gateway on the same machine. */
const DEFAULT_PORT = 7655;

/** Rejects with `BAD_USAGE`, `BAD_CONFIG`, `NO_BROKER`, `ADDRESS_IN_USE`, `SOCKET_FAILED`. */
export async function runMonitor({ http, config, fleetChoice }: MonitorFlags): Promise<void> {
  const choice = wantedFleet('monitor', fleetChoice);
  const settings = readSettings(http, config);
  const terminated = untilTerminated();
  const fleet = await openFleet(choice);
  const pages = join(packageRoot, 'dist', 'dashboard');
  const log = createLog('monitor');
  logFatalErrors(log);
  const monitor = new FleetMonitor(fleet, settings, pages, log);
  try {
    const port = await listen(monitor, settings);
    const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
    const count = fleet.gateways().length;
    const isElsewhere = settings.port !== 0 && port !== settings.port;
    const why = isElsewhere ? ` (port ${settings.port} is in use)` : '';
    print(`dashboard of ${count} gateways: http://${host}:${port}/${why}\n`);
    await terminated;
  } finally {
    await monitor.stop();
    await fleet.close();
  }
}

/** Throws `BAD_CONFIG`. */
function readSettings(http: string | undefined, file: string | undefined) {
  const config = loadConfig({ http: { listen: http } }, file);
  const { listen } = config.http;
  if (listen === 'off')
    throw new MeshgateError(
      'BAD_USAGE',
      'monitor needs an address to listen on, and http.listen is off',
      'set one: --http PORT',
    );
  const address = listen ?? { host: '127.0.0.1', port: DEFAULT_PORT };
  return { ...webSettings(config, address), isRequired: listen !== undefined };
}

type Settings = ReturnType<typeof readSettings>;

async function listen(monitor: FleetMonitor, settings: Settings): Promise<number> {
  try {
    return await listenNear(settings, (port) => monitor.listen(port));
  } catch (error) {
    const where = `${settings.host}:${settings.port}`;
    const isTaken = systemErrorCode(error) === 'EADDRINUSE';
    const code = isTaken ? 'ADDRESS_IN_USE' : 'SOCKET_FAILED';
    throw new MeshgateError(
      code,
      `cannot listen on ${where}: ${systemErrorText(error)}`,
      'choose another: --http PORT',
    );
  }
}
