import { lstatSync } from 'node:fs';
import { errorText, MeshgateError } from '../base/errors.js';
import type { ProcessLock } from '../base/process-lock.js';
import type { Role } from '../config/role.js';
import type { ClientListener, Listener } from './listener.js';
import { lockSocket } from './socket-lock.js';
import { prepareDirectory, removeStaleSocket, setAccess } from './socket-path.js';

/** A socket that somebody else has opened; its file, and who may connect, are theirs. */
export interface PassedSocket {
  readonly fd: number;
  readonly path: string;
}

/** A path where the gateway makes the socket, or one that it was passed. */
export type ClientSocketPlace = string | PassedSocket;

export interface SocketAccess {
  /** What its clients may do. */
  readonly role: Role;
  /** Permission bits. */
  readonly mode: number;
  /** A group's name or number. */
  readonly group?: string | undefined;
}

/** A Unix socket on which clients connect: its lock, its file, and what becomes of that. */
export class ClientSocket {
  readonly path: string;
  readonly #listeners: ClientListener;
  readonly #where: ClientSocketPlace;
  readonly #access: SocketAccess;
  #lock: ProcessLock | undefined;
  #listener: Listener | undefined;
  /** Device and inode of the file as it was opened. */
  #file: string | undefined;

  constructor(listeners: ClientListener, where: ClientSocketPlace, access: SocketAccess) {
    this.path = typeof where === 'string' ? where : where.path;
    this.#listeners = listeners;
    this.#where = where;
    this.#access = access;
  }

  /** No other gateway serves this path while the lock is held. Rejects with `SOCKET_TAKEN`. */
  async lock(): Promise<void> {
    if (typeof this.#where === 'string') prepareDirectory(this.#where);
    this.#lock = await lockSocket(this.path);
  }

  /** Serves clients there. To be called with the lock held. */
  async open(): Promise<void> {
    const { role, mode, group } = this.#access;
    const isOurs = () => this.#file === undefined || this.isInPlace;
    const name = this.path;
    if (typeof this.#where !== 'string') {
      this.#listener = await this.#listeners.listen({ at: { fd: this.#where.fd }, role, name });
    } else {
      await removeStaleSocket(this.path);
      this.#listener = await this.#listeners.listen({ at: { path: this.path }, role, name, isOurs });
      await setAccess(this.path, mode, group);
    }
    this.#file = fileId(this.path);
  }

  /** Clients that look there find this socket. */
  get isInPlace(): boolean {
    return this.#file !== undefined && fileId(this.path) === this.#file;
  }

  /**
   * Looks whether the socket is in its place, and where it is not makes it again. Resolves with `there`, `again`, or why
   * clients can't connect. Those that are connected notice nothing.
   */
  async check(): Promise<'there' | 'again' | Error> {
    if (this.isInPlace && this.#listener?.isOpen) return 'there';
    if (typeof this.#where !== 'string') return passedSocketGone(this.path);
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

  /** The old one is closed only when nothing of another program lies at the path: closing removes what is there. */
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
    `${path}: the file of the socket that systemd passed has gone`,
    'systemctl restart meshgate.socket',
  );
}

function fileId(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() ? `${found.dev}:${found.ino}` : undefined;
}
