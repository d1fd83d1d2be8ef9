import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/base/clock.js';
import type { GivenSettings } from '../../src/config/given.js';
import { loadConfig } from '../../src/gateway/settings.js';
import { Gateway, loadTables, type WebAddress } from '../../src/gateway.js';
import type { GatewayHub } from '../../src/hub/gateway-hub.js';
import type { OpenLink } from '../../src/link/link.js';
import { ScriptedLink } from './scripted-link.js';

/** A fresh folder with a short path: a socket's path has 107 bytes at most. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'mg-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** After this many turns of the event loop, everything that a client has sent in pieces has been read. */
const TURNS = 20;

/**
 * The system clock, but a timer lets the sockets have their turn before it runs: gateway and clients are one process
 * here, and a busy machine delays both.
 */
export const patientClock: Clock = {
  ...systemClock,
  after(ms, task) {
    let isCancelled = false;
    const cancel = systemClock.after(ms, async () => {
      for (let turn = 0; turn < TURNS && !isCancelled; turn++) await nextTurn();
      if (!isCancelled) task();
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  },
};

/** Timers run as usual; the time of day stands still, so that a reply that contains it is predictable. */
export function stillClock(now: number): Clock {
  return { ...patientClock, now: () => now };
}

export interface FixtureOptions {
  /** As flags would set them; `socket` is filled in. */
  readonly settings?: GivenSettings;
  readonly clock?: Clock;
  /** `up`: the root has answered. `silent`: it does not answer. `absent`: there is no device. */
  readonly link?: 'up' | 'silent' | 'absent';
  /** False: the settings name the socket. */
  readonly ownSocket?: boolean;
  /** Keeps a history in this folder. */
  readonly state?: string;
  /** Also serves the monitor, on a port that the system chooses; true = of 127.0.0.1. */
  readonly web?: boolean | { readonly host: string };
}

/** The gateway in this process, on a socket of its own, with a root scripted by the test. */
export interface GatewayFixture {
  readonly gateway: Gateway;
  readonly hub: GatewayHub;
  readonly socketPath: string;
  readonly folder: string;
  readonly root: ScriptedLink;
  /** The lines of its log. */
  readonly logged: readonly string[];
  /** `127.0.0.1:PORT` of the monitor; empty without one. */
  readonly webHost: string;
  close(): Promise<void>;
}

const EMPTY_NET_INFO = Buffer.from('00000100', 'hex');

/** No pacing and no refreshing: the root gets only what the test sends. */
const QUIET = { serial: { pace_bytes: 0 }, mesh: { refresh_s: 0 } };

export async function startGateway(options: FixtureOptions = {}): Promise<GatewayFixture> {
  const { settings = {}, clock = patientClock, link = 'up', ownSocket = true, state } = options;
  const web = webAddress(options.web);
  const folder = temporaryFolder();
  const own = { ...(ownSocket && { socket: join(folder.path, 's') }), ...(state !== undefined && { state }) };
  const config = loadConfig(withSections(QUIET, { ...settings, ...own }), undefined, {});
  const hasHistory = state !== undefined;
  const root = new ScriptedLink();
  const openLink: OpenLink = link === 'absent' ? ScriptedLink.openNothing : root.open;
  const watchForDevices = () => () => {};
  const logged: string[] = [];
  const writeLine = (line: string) => void logged.push(line);
  const tables = loadTables(config);
  const gateway = new Gateway({
    config,
    tables,
    openLink,
    watchForDevices,
    clock,
    writeLine,
    web,
    hasHistory,
  });
  async function close() {
    await gateway.stop();
    folder.remove();
  }
  await gateway.serve().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  gateway.connect();
  if (link === 'up') await bringUp(root);
  const { hub, socketPath, webUrl } = gateway;
  const webHost = webUrl ? new URL(webUrl).host : '';
  return { gateway, hub, socketPath, folder: folder.path, root, logged, webHost, close };
}

/** A gateway for the duration of `run`. */
export async function withGateway(options: FixtureOptions, run: (fixture: GatewayFixture) => Promise<void>) {
  const fixture = await startGateway(options);
  try {
    await run(fixture);
  } finally {
    await fixture.close();
  }
}

function webAddress(web: FixtureOptions['web']): WebAddress | undefined {
  if (!web) return undefined;
  return { host: web === true ? '127.0.0.1' : web.host, port: 0, isRequired: true };
}

/** The gateway asks for the list of nodes as soon as the port is open; an empty list is an answer. */
async function bringUp(root: ScriptedLink): Promise<void> {
  await root.nextBody();
  root.say(EMPTY_NET_INFO);
  root.forget();
}

/** Settings of two levels: the second overrides the first. */
function withSections(under: Record<string, GivenSettings>, over: GivenSettings): GivenSettings {
  const joined: Record<string, unknown> = { ...over };
  for (const [section, values] of Object.entries(under)) {
    joined[section] = { ...values, ...(over[section] as GivenSettings | undefined) };
  }
  return joined;
}
