import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { freePort } from './free-port.js';
import { temporaryFolder } from './gateway-fixture.js';
import { type Environment, type RunningGateway, startProcess } from './process-fixture.js';
import { PATIENCE_MS } from './waiters.js';

export interface Served {
  readonly url: string;
  readonly gateway: RunningGateway;
  /** Kills the process, and starts another in its place. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const VIRTUAL_MESH = ['--simulate', '--seed', '7'];

/** The real gateway process, on a port of its own. `args`: which mesh it has; a virtual one by default. */
export async function serveDashboard(
  t: ExecutionContext,
  args: readonly string[] = VIRTUAL_MESH,
  env: Environment = {},
): Promise<Served> {
  const { served, stop } = await startDashboard(args, env);
  t.teardown(stop);
  return served;
}

interface Started {
  readonly served: Served;
  stop(): Promise<void>;
}

async function startDashboard(args: readonly string[], env: Environment): Promise<Started> {
  const folder = temporaryFolder();
  const port = await freePort();
  const all = [...args, '--socket', join(folder.path, 's'), '--http', String(port)];
  let gateway = await startProcess(all, env);
  const served: Served = {
    url: `http://127.0.0.1:${port}/`,
    get gateway() {
      return gateway;
    },
    kill: async () => void (await gateway.stop('SIGKILL')),
    restart: async () => {
      gateway = await startProcess(all, env);
    },
  };
  const stop = async () => {
    await gateway.stop('SIGKILL');
    folder.remove();
  };
  return { served, stop };
}

/** By the variables that it has. */
const shared = new Map<string, Promise<Started>>();

/** A gateway on a virtual mesh that the tests of a file share, for pages that change nothing that other tests look at. */
export async function sharedDashboard(env: Environment = {}): Promise<{ readonly url: string }> {
  const key = JSON.stringify(env);
  const started = shared.get(key) ?? startDashboard(VIRTUAL_MESH, env);
  shared.set(key, started);
  return (await started).served;
}

test.after.always(async () => {
  for (const started of shared.values()) await (await started).stop();
});

/** Waits until the table has an active node. */
export async function untilActive(page: Page, name = 'Node-5'): Promise<void> {
  await page.getByRole('row', { name }).getByText('active', { exact: true }).waitFor();
}

/** Goes to a page as a user does. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** Some conditions read all pixels of a canvas: on every frame that would keep a processor busy. */
const LOOK_EVERY_MS = 50;

/**
 * Waits until a condition is true, checking again and again. The condition is a string of page code; waitForFunction would
 * have the page evaluate it, which its content security policy forbids.
 */
export async function untilTrue(page: Page, condition: string): Promise<void> {
  await page.evaluate(`new Promise((resolve, reject) => {
    const end = performance.now() + ${PATIENCE_MS};
    const look = () => {
      if (${condition}) resolve();
      else if (performance.now() > end) reject(new Error('did not come true'));
      else setTimeout(look, ${LOOK_EVERY_MS});
    };
    look();
  })`);
}

/** The canvas of the map's nodes. */
export const MAP_CANVAS = '.leaflet-overlay-pane canvas';

/** Waits until a canvas shows something: more colours than a blank one, or one with a few lines, has. */
export async function untilDrawn(page: Page, selector: string): Promise<void> {
  await untilTrue(page, `(${IS_DRAWN})(${JSON.stringify(selector)})`);
}

/** Runs in the page. */
const IS_DRAWN = `(selector) => {
  const canvas = document.querySelector(selector);
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
  if (!pixels) return false;
  return new Set(new Uint32Array(pixels.data.buffer)).size > 3;
}`;
