/** Runs a command on all gateways of a fleet at the same time. */
import { ClientError } from '../client/errors.js';
import type { ConnectOptions, MeshgateClient } from '../client/index.js';
import type { Fleet, GatewayState } from '../fleet/index.js';
import { endWith, reportFailure } from './exit-codes.js';
import type { FleetChoice } from './fleet-choice.js';
import { currentView, type GatewayScope, note, printJson, scopeOf } from './output.js';
import { formatDuration, formatMoment } from './text/time.js';

/** The result of one gateway. */
export interface Of<Result> {
  readonly gateway: string;
  readonly result: Result;
}

/** What a command does with one gateway. */
export type RunOne<Result> = (client: MeshgateClient, scope: GatewayScope) => Promise<Result>;

/** The connection was lost or restored. `gateway`: of a fleet. */
export type ConnectionChange = (isConnected: boolean, gateway: string | undefined) => void;

/** Reconnects only if `onChange` is given. */
export function connectOptions(
  onChange: ConnectionChange | undefined,
  gateway: string | undefined,
): ConnectOptions {
  if (!onChange) return { reconnect: false };
  return { onConnectionChange: (isConnected) => onChange(isConnected, gateway) };
}

/** Connects with the settings of the command line and MESHGATE_FLEET_…. Rejects with `NO_BROKER`. */
export async function openFleet({ url, prefix }: FleetChoice): Promise<Fleet> {
  const { connectFleet } = await import('../fleet/index.js');
  const { MESHGATE_FLEET_USER, MESHGATE_FLEET_PASSWORD, MESHGATE_FLEET_CA_FILE } = process.env;
  return connectFleet({
    url,
    prefix,
    user: MESHGATE_FLEET_USER,
    password: MESHGATE_FLEET_PASSWORD,
    caFile: MESHGATE_FLEET_CA_FILE,
  });
}

/**
 * Runs `run` with a client of every gateway that is online, or of the one chosen. Offline gateways are reported. A
 * failure at one gateway does not stop the others; the highest exit code counts.
 */
export async function withFleet<Result>(
  choice: FleetChoice,
  run: RunOne<Result>,
  onConnectionChange?: ConnectionChange,
): Promise<Of<Result>[]> {
  const fleet = await openFleet(choice);
  try {
    const ids = onlineGateways(fleet, choice);
    const json = new Map<string, unknown>();
    const parts = ids.map((gateway) => {
      const scope = scopeOf(gateway, (value) => json.set(gateway, value));
      const options = connectOptions(onConnectionChange, gateway);
      return runOne(fleet, gateway, (client) => run(client, scope), options);
    });
    const results = (await Promise.all(parts)).flat();
    const inOrder = ids.filter((id) => json.has(id)).map((id) => [id, json.get(id)] as const);
    if (inOrder.length > 0) printJson(Object.fromEntries(inOrder));
    return results;
  } finally {
    await fleet.close();
  }
}

async function runOne<Result>(
  fleet: Fleet,
  gateway: string,
  run: (client: MeshgateClient) => Promise<Result>,
  options: ConnectOptions,
): Promise<Of<Result>[]> {
  let client: MeshgateClient | undefined;
  try {
    client = await fleet.client(gateway, options);
    return [{ gateway, result: await run(client) }];
  } catch (error) {
    const exitCode = reportFailure(error, (text) =>
      note(text.trimEnd().replace(/^meshgate:/, `meshgate: ${gateway}:`)),
    );
    endWith(exitCode);
    return [];
  } finally {
    client?.close();
  }
}

/** Throws `NO_GATEWAY` if none is online. */
function onlineGateways(fleet: Fleet, { gateway }: FleetChoice): string[] {
  const all = fleet.gateways();
  const wanted = gateway === undefined ? all : all.filter(({ id }) => id === gateway);
  if (gateway !== undefined && wanted.length === 0) {
    throw new ClientError('NO_GATEWAY', `${fleet.prefix}/${gateway}`);
  }
  for (const one of wanted) if (one.state === 'offline') note(`meshgate: ${describeOffline(one)}`);
  const online = wanted.filter(({ state }) => state === 'online').map(({ id }) => id);
  if (online.length === 0) throw new ClientError('NO_GATEWAY', `${fleet.prefix}/${gateway ?? '+'}`);
  return online;
}

/** `field-south has been offline for 2 min 5 s (lost)`. */
export function describeOffline({ id, since, reason, connectedAt }: GatewayState): string {
  const view = currentView();
  if (since !== null) return `${id} has been offline for ${formatDuration(view.now - since)} (${reason})`;
  const joined = formatMoment(connectedAt, view);
  return `${id} is offline: it joined at ${joined}, and the broker lost it at an unknown time`;
}
