import { join } from 'node:path';

/** The socket's file name in any of these directories. */
export const SOCKET_FILE_NAME = 'meshgate.sock';

/** The directory of a gateway that runs as a service. */
export const SERVICE_DIRECTORY = '/run/meshgate';

/** For users without a runtime directory. It must be private, because anyone can write to /tmp. */
export function privateDirectory(): string {
  return `/tmp/meshgate-${process.getuid?.() ?? 0}`;
}

/**
 * Possible paths of a gateway's Unix socket, in order of preference: `$XDG_RUNTIME_DIR`, `/run/meshgate`,
 * `/tmp/meshgate-$UID`. The gateway uses the first directory that it may write to, a client the first existing socket.
 */
export function socketCandidates(env: NodeJS.ProcessEnv = process.env): string[] {
  const directories = [env.XDG_RUNTIME_DIR, SERVICE_DIRECTORY, privateDirectory()];
  return directories
    .filter((directory) => directory)
    .map((directory) => join(directory ?? '', SOCKET_FILE_NAME));
}
