/**
 * Socket activation: systemd has opened the clients' socket and passes it as file descriptor 3, as sd_listen_fds(3)
 * says. So clients can connect before the gateway runs and while it is restarted, and wait for it.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { errorText, MeshgateError } from '../base/errors.js';

export interface PassedSocket {
  readonly fd: number;
  /** Where it lies; the file is systemd's. */
  readonly path: string;
}

const FIRST_FD = 3;

/**
 * The socket that was passed to this process, if one was; what tells of it is taken out of `env`, so that no child takes
 * it for its own. Throws `BAD_CONFIG` for several, and for one that is no Unix socket with a path.
 */
export function takePassedSocket(env: NodeJS.ProcessEnv = process.env): PassedSocket | undefined {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  const count = Number(LISTEN_FDS ?? 0);
  if (LISTEN_PID !== String(process.pid) || count === 0) return undefined;
  if (count !== 1) throw refusal(`${LISTEN_FDS} sockets were passed, one can be served`);
  return { fd: FIRST_FD, path: pathOf(FIRST_FD) };
}

/** Node does not tell the path of a socket that it has not opened itself; the kernel's list has it, by inode. */
function pathOf(fd: number): string {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n');
    const path = lines.map((line) => UNIX_SOCKET.exec(line)).find((found) => found?.[1] === inode)?.[2];
    if (inode !== undefined && path !== undefined) return path;
  } catch (error) {
    throw refusal(`file descriptor ${fd} was passed, but ${errorText(error)}`);
  }
  throw refusal('the socket that was passed is no Unix socket with a path');
}

/** Number, references, protocol, flags (a listening one), type (stream), state, inode, path. */
const UNIX_SOCKET = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ 00010000 0001 [0-9A-F]+ +(\d+) (\/.*)$/;

function refusal(text: string): MeshgateError {
  return new MeshgateError(
    'BAD_CONFIG',
    `socket activation: ${text}`,
    'the socket unit needs exactly one ListenStream= that is a path',
  );
}
