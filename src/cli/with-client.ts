import { ClientError } from '../client/errors.js';
import { connect, findSocket, type MeshgateClient } from '../client/index.js';
import { MeshgateError } from '../errors.js';
import { permissionAdvice } from './commands/permission-advice.js';
import { note } from './output.js';

/** What every command that talks to a gateway takes. */
export interface GatewayFlags {
  readonly socket?: string;
  readonly json?: true;
}

/** Connects once and runs `run`; a connection that is lost is not made again. Rejects as `run`, or as `connect`. */
export function withClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
): Promise<Result> {
  return using(flags, run, { reconnect: false });
}

/** The same for what goes on for long: a connection that is lost is made again, and both are told on stderr. */
export function withLastingClient<Result>(
  flags: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
  onConnectionChange = tellConnectionChange,
): Promise<Result> {
  return using(flags, run, { onConnectionChange });
}

async function using<Result>(
  { socket }: GatewayFlags,
  run: (client: MeshgateClient) => Promise<Result>,
  options: Parameters<typeof connect>[0],
): Promise<Result> {
  const client = await connect({ socket, ...options }).catch((error: unknown) => {
    throw explainRefusal(error, findSocket(socket));
  });
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

function explainRefusal(error: unknown, path: string): unknown {
  if (!(error instanceof ClientError) || error.code !== 'NO_PERMISSION') return error;
  return new MeshgateError('NO_PERMISSION', `this user may not use ${path}`, permissionAdvice(path));
}

function tellConnectionChange(isConnected: boolean): void {
  note(
    isConnected
      ? 'meshgate: connected again'
      : 'meshgate: the connection to the gateway is lost; trying again …',
  );
}
