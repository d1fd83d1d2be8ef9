import { MeshgateError } from '../base/errors.js';
import { ClientError } from '../client/errors.js';
import { connect, findSocket, type MeshgateClient } from '../client/index.js';
import { permissionAdvice } from './commands/doctor/permission-advice.js';
import type { FleetChoice } from './fleet-choice.js';
import { note, SOCKET_SCOPE } from './output.js';
import { findLostSocket } from './socket-advice.js';
import { type ConnectionChange, connectOptions, type Of, type RunOne, withFleet } from './with-fleet.js';

/** Options of every command that talks to a gateway. */
export interface GatewayFlags {
  readonly socket?: string;
  readonly json?: true;
  /** From --fleet, --prefix and --gateway; undefined for the gateway of a socket. */
  readonly fleetChoice?: FleetChoice;
}

/** The result of one gateway: of a fleet, or of a socket, which has no name. */
export type Part<Result> = Of<Result> | { readonly gateway?: undefined; readonly result: Result };

/**
 * Connects and runs `run`, for a fleet once per gateway; does not reconnect. Rejects as `run` or `connect` does; in a
 * fleet the failure of one gateway is reported, and its result is left out.
 */
export function withClients<Result>(flags: GatewayFlags, run: RunOne<Result>): Promise<Part<Result>[]> {
  return using(flags, run, undefined);
}

/** For the gateway of a socket only. Rejects with `BAD_USAGE` if a fleet was chosen. */
export async function withClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
): Promise<Result> {
  if (flags.fleetChoice) throw new MeshgateError('BAD_USAGE', 'this command does not work on a fleet');
  return usingSocket(flags, run, undefined);
}

/** The same for long-running commands: reconnects, and reports lost and restored connections on stderr. */
export function withLastingClient<Result>(
  flags: GatewayFlags,
  run: RunOne<Result>,
  onConnectionChange: ConnectionChange = reportConnectionChange,
): Promise<Part<Result>[]> {
  return using(flags, run, onConnectionChange);
}

async function using<Result>(
  flags: GatewayFlags,
  run: RunOne<Result>,
  onConnectionChange: ConnectionChange | undefined,
): Promise<Part<Result>[]> {
  const { fleetChoice } = flags;
  if (fleetChoice) return withFleet(fleetChoice, run, onConnectionChange);
  return [{ result: await usingSocket(flags, run, onConnectionChange) }];
}

async function usingSocket<Result>(
  { socket }: GatewayFlags,
  run: RunOne<Result>,
  onConnectionChange: ConnectionChange | undefined,
): Promise<Result> {
  const options = connectOptions(onConnectionChange, undefined);
  const client = await connect({ socket, ...options }).catch(async (error: unknown) => {
    throw await explainRefusal(error, socket);
  });
  try {
    return await run(client, SOCKET_SCOPE);
  } finally {
    client.close();
  }
}

async function explainRefusal(error: unknown, socket: string | undefined): Promise<unknown> {
  if (!(error instanceof ClientError)) return error;
  if (error.code === 'NOT_RUNNING') return (await findLostSocket(socket)) ?? error;
  if (error.code !== 'NO_PERMISSION') return error;
  const path = findSocket(socket);
  return new MeshgateError('NO_PERMISSION', `permission denied: ${path}`, permissionAdvice(path));
}

function reportConnectionChange(isConnected: boolean, gateway: string | undefined): void {
  note(
    isConnected
      ? `meshgate: reconnected${gateway === undefined ? '' : ` to ${gateway}`}`
      : `meshgate: lost the connection to ${gateway ?? 'the gateway'}; reconnecting …`,
  );
}
