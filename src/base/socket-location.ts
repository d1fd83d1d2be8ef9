import { join } from 'node:path';

/** The socket's name in whichever directory it lies. */
export const SOCKET_FILE_NAME = 'meshgate.sock';

/** The directory of a gateway that runs as a service. */
export const SERVICE_DIRECTORY = '/run/meshgate';

/** The directory of a user who has no runtime directory: it must be closed to others, since anybody can write to /tmp. */
export function privateDirectory(): string {
  return `/tmp/meshgate-${process.getuid?.() ?? 0}`;
}

/**
 * Where a gateway's Unix socket may lie, first choice first: `$XDG_RUNTIME_DIR`, `/run/meshgate`,
 * `/tmp/meshgate-$UID`. The gateway takes the first that it may write to, a client the first that is there.
 */
export function socketCandidates(env: NodeJS.ProcessEnv = process.env): string[] {
  const directories = [env.XDG_RUNTIME_DIR, SERVICE_DIRECTORY, privateDirectory()];
  return directories
    .filter((directory) => directory)
    .map((directory) => join(directory ?? '', SOCKET_FILE_NAME));
}
