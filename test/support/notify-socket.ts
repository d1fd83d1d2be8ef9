/** A notify socket like systemd's: Node has no Unix datagram sockets, so Python listens. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { hasPython } from './program.js';
import { Waiters } from './waiters.js';

/** Tests that need it: `const systemdTest = hasSystemdNotify ? test : test.skip`. */
export const hasSystemdNotify = hasPython && spawnSync('systemd-notify', ['--version']).status === 0;

const LISTEN = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(listener.recv(4096).decode(), flush=True)
`;

export class NotifySocket {
  readonly #child: ChildProcess;
  #lines: string[] = [];
  #rest = '';
  readonly #waiters = new Waiters(() => this.notified.join(', '));

  private constructor(path: string) {
    this.#child = spawn('python3', ['-c', LISTEN, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#waiters.look();
    });
  }

  /** Listens on a path that does not exist yet. */
  static async open(path: string): Promise<NotifySocket> {
    const opened = new NotifySocket(path);
    await opened.until('listening');
    return opened;
  }

  /** Notifications so far, without those that systemd-notify uses for synchronization. */
  get notified(): readonly string[] {
    return this.#lines.filter((line) => line !== 'BARRIER=1' && line !== 'listening');
  }

  forget(): void {
    this.#lines = [];
  }

  /** Resolves when this line has arrived. */
  async until(wanted: string): Promise<void> {
    await this.#waiters.until(() => this.#lines.includes(wanted));
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
