/**
 * Pages in a real browser. A test fails when its page logs an error to the console, or sends a request to anything but
 * its gateway.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test, { type ExecutionContext } from 'ava';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { PATIENCE_MS } from './waiters.js';

/** The shell is the same engine without a user interface, which a headless browser would load too. */
const CANDIDATES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  'chromium',
  'chromium-browser',
  'google-chrome',
];
const executablePath = CANDIDATES.map(locate).find((path) => path !== undefined);

export const hasChromium = executablePath !== undefined;

/** Registers a test with a browser: one after the other, since a page that is rendered late is not at fault. */
export function browserTest(
  title: string,
  run: (t: ExecutionContext) => Promise<void>,
  { isPossible = true } = {},
): void {
  const register = hasChromium && isPossible ? test.serial : test.skip;
  register(title, async (t) => {
    await run(t);
    for (const { console, requests } of seen.get(t) ?? []) {
      t.deepEqual(console, [], 'errors in the console');
      t.deepEqual(requests, [], 'requests to others than the gateway');
    }
  });
}

if (!hasChromium) process.stderr.write('chromium is not installed: the browser tests are skipped\n');

/** Anything that a page has done but should not. */
interface Faults {
  readonly console: readonly string[];
  readonly requests: readonly string[];
}

const seen = new WeakMap<ExecutionContext, Faults[]>();

const ARGUMENTS = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Promise<Browser> | undefined;

export function launch(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('chromium is not installed');
  browser ??= chromium.launch({ executablePath, args: ARGUMENTS, timeout: PATIENCE_MS });
  return browser;
}

test.after.always(async () => {
  await (await browser)?.close();
});

export interface OpenOptions extends BrowserContextOptions {
  /** Console texts that the test itself causes. */
  readonly expected?: readonly RegExp[];
}

/** Opens a page of a gateway in a fresh profile, and monitors it until the test is over. */
export async function openPage(t: ExecutionContext, url: string, options: OpenOptions = {}): Promise<Page> {
  const { expected = [], ...contextOptions } = options;
  const context = await (await launch()).newContext({ reducedMotion: 'reduce', ...contextOptions });
  context.setDefaultTimeout(PATIENCE_MS);
  t.teardown(() => context.close());
  const foreign = await refuseForeign(context, new URL(url).host);
  const page = await context.newPage();
  seen.set(t, [...(seen.get(t) ?? []), { console: watchConsole(page, expected), requests: foreign }]);
  await page.goto(url);
  return page;
}

/** Allows requests to the gateway only; returns the other ones. */
async function refuseForeign(context: BrowserContext, host: string): Promise<readonly string[]> {
  const foreign: string[] = [];
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.host === host || url.protocol === 'data:' || url.protocol === 'blob:') return route.continue();
    foreign.push(url.href);
    return route.abort();
  });
  return foreign;
}

function watchConsole(page: Page, expected: readonly RegExp[]): readonly string[] {
  const faults: string[] = [];
  const note = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) faults.push(text);
  };
  page.on('pageerror', (error) => note(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(message.text());
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(page.url()).host) note(`websocket to ${socket.url()}`);
  });
  return faults;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The axe-core violations in the current page, each with its element. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(RUN_AXE);
}

/** Runs in the page, where `axe` is. */
const RUN_AXE = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, html, any }) =>
      [id, help, target.join(' '), html.slice(0, 200), any.map(({ message }) => message).join('; ')].join(' | '))))`;

function locate(name: string): string | undefined {
  const { status } = spawnSync(name, ['--version'], { stdio: 'ignore' });
  return status === 0 ? name : undefined;
}
