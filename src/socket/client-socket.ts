import { lstatSync } from 'node:fs';
import { errorText, MeshgateError } from '../base/errors.js';
import type { ProcessLock } from '../base/process-lock.js';
import type { Role } from '../config/role.js';
import type { ClientListener, Listener } from './listener.js';
import { lockSocket } from './socket-lock.js';
import { prepareDirectory, removeStaleSocket, setAccess } from './socket-path.js';

/** A socket opened by another process (systemd), which also owns its file and permissions. */
export interface PassedSocket {
  readonly fd: number;
  readonly path: string;
}

/** A path where the gateway creates the socket, or a socket passed to it. */
export type SocketSource = string | PassedSocket;

export interface SocketAccess {
  /** Role of its clients. */
  readonly role: Role;
  /** Permission bits. */
  readonly mode: number;
  /** Name or number of a group. */
  readonly group?: string | undefined;
}

/** A Unix socket for clients, with its lock and file; reopens it if the file is lost. */
export class ClientSocket {
  readonly path: string;
  readonly #listeners: ClientListener;
  readonly #source: SocketSource;
  readonly #access: SocketAccess;
  #lock: ProcessLock | undefined;
  #listener: Listener | undefined;
  /** Device and inode of the file when it was opened. */
  #file: string | undefined;

  constructor(listeners: ClientListener, source: SocketSource, access: SocketAccess) {
    this.path = typeof source === 'string' ? source : source.path;
    this.#listeners = listeners;
    this.#source = source;
    this.#access = access;
  }

  /** Takes the lock that keeps other gateways from this path. Rejects with `SOCKET_TAKEN`. */
  async lock(): Promise<void> {
    if (typeof this.#source === 'string') prepareDirectory(this.#source);
    this.#lock = await lockSocket(this.path);
  }

  /** Starts accepting clients. Call with the lock held. */
  async open(): Promise<void> {
    const { role, mode, group } = this.#access;
    const isOurs = () => this.#file === undefined || this.isInPlace;
    const name = this.path;
    if (typeof this.#source !== 'string') {
      this.#listener = await this.#listeners.listen({ at: { fd: this.#source.fd }, role, name });
    } else {
      await removeStaleSocket(this.path);
      this.#listener = await this.#listeners.listen({ at: { path: this.path }, role, name, isOurs });
      await setAccess(this.path, mode, group);
    }
    this.#file = fileId(this.path);
  }

  /** The file at the path is this socket. */
  get isInPlace(): boolean {
    return this.#file !== undefined && fileId(this.path) === this.#file;
  }

  /**
   * Checks that the socket is in place, and reopens it if not. Resolves with `there`, `again`, or the reason why clients
   * can't connect. Existing connections are not affected.
   */
  async check(): Promise<'there' | 'again' | Error> {
    if (this.isInPlace && this.#listener?.isOpen) return 'there';
    if (typeof this.#source !== 'string') return passedSocketGone(this.path);
    try {
      await this.#openAgain();
      return 'again';
    } catch (error) {
      return error instanceof Error ? error : new Error(errorText(error));
    }
  }

  async release(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Closes the old socket only if no other program's file is at the path, because closing removes that file. */
  async #openAgain(): Promise<void> {
    prepareDirectory(this.path);
    await this.#lock?.renew();
    await removeStaleSocket(this.path);
    this.#file = undefined;
    this.#listener?.close();
    this.#listener = undefined;
    await this.open();
  }
}

function passedSocketGone(path: string): MeshgateError {
  return new MeshgateError(
    'SOCKET_FAILED',
    `${path}: the socket file passed by systemd was removed`,
    'systemctl restart meshgate.socket',
  );
}

function fileId(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? `${found.dev}:${found.ino}` : undefined;
}
