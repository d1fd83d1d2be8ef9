/** What each room needs of the settings, in its own units. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { MeshgateError } from '../base/errors.js';
import { NodeNames } from '../protocol/node-names.js';
import type { Config } from './schema.js';

export function uartSettings({ serial, baud }: Config) {
  return {
    maxBodyLength: serial.max_body,
    openFrameTimeoutMs: serial.frame_timeout_ms,
    queueLimit: serial.queue,
    pacing: { bytes: serial.pace_bytes, windowMs: serial.pace_window_ms },
    baud,
  };
}

export function networkSettings({ mesh, names, baud, recovery }: Config) {
  return {
    batchQuietMs: batchQuietMs(baud),
    idleAfterMs: mesh.idle_after_s * 1000,
    disconnectedAfterMs: mesh.disconnected_after_s * 1000,
    refreshEveryMs: mesh.refresh_s * 1000,
    maxMessageLength: mesh.max_message,
    valuesKept: mesh.values,
    maxNodes: mesh.max_nodes,
    rootSilentAfterMs: mesh.root_silent_after_s * 1000,
    eventsHeld: mesh.events,
    names: new NodeNames(names),
    recovery: {
      isEnabled: recovery.enabled,
      probeAfterMs: recovery.probe_after_s * 1000,
      stepMs: recovery.step_s * 1000,
      firstPauseMs: recovery.first_pause_s * 1000,
      longestPauseMs: recovery.longest_pause_s * 1000,
    },
  };
}

/** `directory`: of the state. */
export function historySettings({ history, mesh }: Config, directory: string) {
  return {
    file: join(directory, 'history.db'),
    keepMs: history.days * DAY_MS,
    maxBytes: history.max_bytes,
    eventsHeld: mesh.events,
  };
}

/** Undefined where no directory for it is named. */
export function classicLogSettings({ history: { classic_log } }: Config) {
  return classic_log === undefined ? undefined : { directory: classic_log, maxBytes: CLASSIC_LOG_BYTES };
}

/** Bytes of one file of the classic log: editors and small computers still open it. */
const CLASSIC_LOG_BYTES = 67_108_864;

const DAY_MS = 24 * 60 * 60 * 1000;

export function clientSettings({ clients }: Config) {
  return {
    maxClients: clients.max,
    maxRequestLength: clients.max_request,
    requestTimeoutMs: clients.request_timeout_ms,
    settleMs: clients.settle_ms,
    outboxLimit: clients.outbox_bytes,
  };
}

/** Undefined where nothing is to be recorded. */
export function recorderSettings({ recorder }: Config) {
  if (recorder.bytes === 0) return undefined;
  return {
    limit: recorder.bytes,
    clients: recorder.clients,
    directory: recorder.directory,
    directoryLimit: recorder.directory_bytes,
  };
}

/** A full Net Info batch on the wire, if every byte of its body needed an escape; start, eight bits and stop each. */
const LONGEST_BATCH_BITS = 724 * 2 * 10;
/** At usual rates the root's own pauses between batches count for more than the wire. */
const LEAST_BATCH_QUIET_MS = 300;

function batchQuietMs(baud: number): number {
  return Math.max(LEAST_BATCH_QUIET_MS, (LONGEST_BATCH_BITS * 1000) / baud);
}

/** Throws `BAD_CONFIG` where two of what the gateway listens on are one. `socketPath`: of the main socket. */
export function refuseSharedListeners({ sockets, tcp, http }: Config, socketPath: string): void {
  const shared = sockets.findIndex(({ path }) => resolve(path) === resolve(socketPath));
  if (shared >= 0) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `sockets.${shared}.path = "${socketPath}": this is the main socket's path`,
    );
  }
  const { listen = 'off' } = http;
  if (listen !== 'off' && tcp.includes(listen.port) && [...LOOPBACK, '0.0.0.0', '::'].includes(listen.host)) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `http.listen = "${listen.host}:${listen.port}": tcp lists this port too`,
    );
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Throws `BAD_CONFIG` for an address that other machines reach, without a token. */
export function webSettings({ http, clients }: Config, { host, port }: { host: string; port: number }) {
  const isPublic = !LOOPBACK.has(host);
  if (isPublic && http.token === undefined && http.read_token === undefined) {
    throw new MeshgateError(
      'BAD_CONFIG',
      `http.listen = "${host}:${port}": other machines reach this address, so http.token must be set`,
      'set http.token (everything) or http.read_token (reading), or listen on 127.0.0.1',
    );
  }
  return {
    host,
    port,
    isPublic,
    origins: http.origins,
    token: http.token,
    readToken: http.read_token,
    readOnly: http.read_only,
    generation: http.classic,
    outboxLimit: clients.outbox_bytes,
    maxClients: clients.max,
  };
}

/** Of each connector, by name; undefined where it is not wanted. `directory`: of what outlives the process, if any. */
export function connectorSettings(config: Config, directory: string | undefined) {
  return { mqtt: mqttSettings(config, directory) };
}

function mqttSettings({ mqtt }: Config, directory: string | undefined) {
  const { url } = mqtt;
  if (url === undefined) return undefined;
  return {
    url,
    prefix: mqtt.prefix,
    id: mqtt.id ?? hostname(),
    version: mqtt.version,
    user: mqtt.user,
    password: mqtt.password,
    passwordFile: mqtt.password_file,
    caFile: mqtt.ca_file,
    certFile: mqtt.cert_file,
    keyFile: mqtt.key_file,
    commands: mqtt.commands,
    discoveryPrefix: mqtt.discovery,
    countersEveryMs: mqtt.counters_s * 1000,
    stateFile: mqtt.state_file ?? (directory === undefined ? undefined : join(directory, 'mqtt.json')),
  };
}
