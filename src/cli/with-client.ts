import { MeshgateError } from '../base/errors.js';
import { ClientError } from '../client/errors.js';
import { connect, findSocket, type MeshgateClient } from '../client/index.js';
import { permissionAdvice } from './commands/doctor/permission-advice.js';
import type { FleetChoice } from './fleet-choice.js';
import { note, SOCKET_SCOPE } from './output.js';
import { findLostSocket } from './socket-advice.js';
import { type ConnectionChange, connectOptions, type Of, type RunOne, withFleet } from './with-fleet.js';

/** What every command that talks to a gateway takes. */
export interface GatewayFlags {
  readonly socket?: string;
  readonly json?: true;
  /** Worked out of --fleet and what belongs to it; undefined: the gateway of a socket. */
  readonly fleetChoice?: FleetChoice;
}

/** What a gateway gave: the one of a socket, which has no name here, or one of a fleet. */
export type Part<Result> = Of<Result> | { readonly gateway?: undefined; readonly result: Result };

/**
 * Connects once and runs `run`, for each gateway of a fleet where one is given; a connection that is lost is not made
 * again. Rejects as `run`, or as `connect`; what fails at a gateway of a fleet is told, and has no part.
 */
export function withClients<Result>(flags: GatewayFlags, run: RunOne<Result>): Promise<Part<Result>[]> {
  return using(flags, run, undefined);
}

/** For what has one gateway alone: that of a socket. Rejects with `BAD_USAGE` where a fleet was chosen. */
export async function withClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
): Promise<Result> {
  if (flags.fleetChoice) throw new MeshgateError('BAD_USAGE', 'this command is not for a fleet of gateways');
  return usingSocket(flags, run, undefined);
}

/** The same for what goes on for long: a connection that is lost is made again, and both are told on stderr. */
export function withLastingClient<Result>(
  flags: GatewayFlags,
  run: RunOne<Result>,
  onConnectionChange: ConnectionChange = tellConnectionChange,
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
  return new MeshgateError('NO_PERMISSION', `this user may not use ${path}`, permissionAdvice(path));
}

function tellConnectionChange(isConnected: boolean, gateway: string | undefined): void {
  note(
    isConnected
      ? `meshgate: connected again${gateway === undefined ? '' : ` to ${gateway}`}`
      : `meshgate: the connection to ${gateway ?? 'the gateway'} is lost; trying again …`,
  );
}
