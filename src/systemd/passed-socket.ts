/**
 * Socket activation: systemd opens the clients' socket and passes it as file descriptor 3, see sd_listen_fds(3). So
 * clients can connect, and wait, before the gateway runs and while it restarts.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { errorText, MeshgateError } from '../base/errors.js';

export interface PassedSocket {
  readonly fd: number;
  /** The file belongs to systemd. */
  readonly path: string;
}

const FIRST_FD = 3;

/**
 * The socket that was passed to this process, if any. Removes the variables about it from `env`, so that child processes
 * do not use it. Throws `BAD_CONFIG` for more than one socket, and unless it is a Unix socket with a path.
 */
export function takePassedSocket(env: NodeJS.ProcessEnv = process.env): PassedSocket | undefined {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  const count = Number(LISTEN_FDS ?? 0);
  if (LISTEN_PID !== String(process.pid) || count === 0) return undefined;
  if (count !== 1) throw refusal(`${LISTEN_FDS} sockets were passed, but only one is supported`);
  return { fd: FIRST_FD, path: pathOf(FIRST_FD) };
}

/** Node does not know the path of a socket that it has not opened itself; the kernel's list has it, by inode. */
function pathOf(fd: number): string {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n');
    const path = lines.map((line) => UNIX_SOCKET.exec(line)).find((found) => found?.[1] === inode)?.[2];
    if (inode !== undefined && path !== undefined) return path;
  } catch (error) {
    throw refusal(`cannot read the path of the passed file descriptor ${fd}: ${errorText(error)}`);
  }
  throw refusal('the passed socket is not a Unix socket with a path');
}

/** Number, references, protocol, flags (a listening one), type (stream), state, inode, path. */
const UNIX_SOCKET = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ 00010000 0001 [0-9A-F]+ +(\d+) (\/.*)$/;

function refusal(text: string): MeshgateError {
  return new MeshgateError(
    'BAD_CONFIG',
    `socket activation: ${text}`,
    'use exactly one ListenStream= with a path in the socket unit',
  );
}
