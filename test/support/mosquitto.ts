import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { Waiters } from './waiters.js';

/** Debian installs the broker outside a user's PATH. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;
const env = { ...process.env, PATH };

const isThere = (command: string, args: string[]) => spawnSync(command, args, { env }).error === undefined;

/** Tests that need the broker: `const brokerTest = hasMosquitto ? test : test.skip`. */
export const hasMosquitto = isThere('mosquitto', ['-h']) && isThere('openssl', ['version']);

export interface MosquittoOptions {
  /** Lines of its configuration. */
  readonly lines?: readonly string[];
  /** Lines that name this broker's own folder. */
  readonly linesIn?: (folder: string) => readonly string[];
}

const running = new Set<Mosquitto>();

/** Call this at the end of a test file: none may be left running. */
export async function stopBrokers(): Promise<void> {
  await Promise.all([...running].map((broker) => broker.remove()));
}

/** A real broker, on a port of 127.0.0.1 that it keeps. */
export class Mosquitto {
  readonly folder = mkdtempSync(join(tmpdir(), 'mg-mosquitto-'));
  readonly port: number;
  #child: ChildProcess | undefined;
  #output = '';
  #waiters = new Waiters(() => '');

  private constructor(
    port: number,
    { lines = ['allow_anonymous true'], linesIn = () => [] }: MosquittoOptions,
  ) {
    this.port = port;
    const own = ['user root', `listener ${port} 127.0.0.1`, 'set_tcp_nodelay true'];
    writeFileSync(join(this.folder, 'conf'), `${[...own, ...lines, ...linesIn(this.folder)].join('\n')}\n`);
  }

  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(await freePort(), options);
    running.add(broker);
    await broker.launch();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, or restarts it. */
  async launch(): Promise<void> {
    this.#output = '';
    this.#waiters = new Waiters(() => this.#output.slice(-2000));
    const child = spawn('mosquitto', ['-c', join(this.folder, 'conf')], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.once('close', () => this.#waiters.end());
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = `${this.#output}${text}`.slice(-100_000);
      this.#waiters.look();
    });
    await this.#said(/mosquitto version \S+ running/);
  }

  /** The end of its log. */
  get output(): string {
    return this.#output;
  }

  /** Makes it save its sessions and retained messages to disk. */
  async save(): Promise<void> {
    this.#child?.kill('SIGUSR1');
    await this.#said(/Saving in-memory database/);
  }

  /** Kills it without a clean shutdown. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  async remove(): Promise<void> {
    running.delete(this);
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #said(pattern: RegExp): Promise<void> {
    await this.#waiters.until(() => pattern.test(this.#output));
  }
}

/** Allows `name` to connect with `password`. */
export function passwordLine(folder: string, users: Readonly<Record<string, string>>): string {
  const file = join(folder, 'passwords');
  writeFileSync(file, '', { mode: 0o600 });
  for (const [name, password] of Object.entries(users)) {
    spawnSync('mosquitto_passwd', ['-b', file, name, password], { env });
  }
  return `password_file ${file}`;
}

export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** An authority, a certificate for `localhost`, and one for a client, as files. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { env, cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  for (const [name, subject] of [
    ['server', '/CN=localhost'],
    ['client', '/CN=north'],
  ] as const) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    writeFileSync(file(`${name}.ext`), `subjectAltName=DNS:${name === 'server' ? 'localhost' : 'north'}\n`);
    const signed = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  }
  return {
    ca: file('ca.pem'),
    cert: file('server.pem'),
    key: file('server.key'),
    clientCert: file('client.pem'),
    clientKey: file('client.key'),
  };
}
