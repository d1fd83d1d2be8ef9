import { MeshgateError } from '../base/errors.js';
import { ClientError } from '../client/errors.js';
import { type ConnectOptions, connect, findSocket, type MeshgateClient } from '../client/index.js';
import { permissionAdvice } from './commands/doctor/permission-advice.js';
import { chosenFleet } from './fleet-choice.js';
import { currentGateway } from './fleet-scope.js';
import { note } from './output.js';
import { findLostSocket } from './socket-advice.js';
import { type Of, withFleet } from './with-fleet.js';

/** What every command that talks to a gateway takes. */
export interface GatewayFlags {
  readonly socket?: string;
  readonly json?: true;
}

/** What a gateway gave: the one of a socket, which has no name here, or one of a fleet. */
export type Part<Result> = Of<Result> | { readonly gateway?: undefined; readonly result: Result };

/**
 * Connects once and runs `run`, for each gateway of a fleet where one is given; a connection that is lost is not made
 * again. Rejects as `run`, or as `connect`; what fails at a gateway of a fleet is told, and has no part.
 */
export function withClients<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
): Promise<Part<Result>[]> {
  return using(flags, run, { reconnect: false });
}

/** For what has one gateway alone: that of a socket. Rejects with `BAD_USAGE` where a fleet was chosen. */
export async function withClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
): Promise<Result> {
  if (chosenFleet()) throw new MeshgateError('BAD_USAGE', 'this command is not for a fleet of gateways');
  return usingSocket(flags, run, { reconnect: false });
}

/** The same for what goes on for long: a connection that is lost is made again, and both are told on stderr. */
export function withLastingClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
  onConnectionChange = tellConnectionChange,
): Promise<Part<Result>[]> {
  return using(flags, run, { onConnectionChange });
}

async function using<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
  options: ConnectOptions,
): Promise<Part<Result>[]> {
  const fleet = chosenFleet();
  if (fleet) return withFleet(fleet, run, options);
  return [{ result: await usingSocket(flags, run, options) }];
}

async function usingSocket<Result>(
  { socket }: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
  options: ConnectOptions,
): Promise<Result> {
  const client = await connect({ socket, ...options }).catch(async (error: unknown) => {
    throw await explainRefusal(error, socket);
  });
  try {
    return await run(client);
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

function tellConnectionChange(isConnected: boolean): void {
  const gateway = currentGateway();
  note(
    isConnected
      ? `meshgate: connected again${gateway === undefined ? '' : ` to ${gateway}`}`
      : `meshgate: the connection to ${gateway ?? 'the gateway'} is lost; trying again …`,
  );
}
