/**
 * Makes docs/images/*.png from a seeded virtual mesh, so that the pictures show what the page is now. Needs chromium
 * and a build.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'docs', 'images');
const NODES = 24;
/** Time for the mesh to report enough data for plots and trails. */
const SETTLED_MS = 45_000;
/** Bytes: the images are part of the README. */
const MAX_SIZE = 200_000;
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
/** Ample: on a busy machine a page loads slowly. */
const TIMEOUT_MS = 120_000;
const WIDE = { width: 1200, height: 700 };
const TALL = { width: 1200, height: 900 };
const PHONE = { width: 390, height: 760 };

const PICTURES = [
  { name: 'nodes', path: '#/nodes' },
  { name: 'node', path: '#/nodes/5' },
  { name: 'map', path: '#/map?node=12' },
  { name: 'topology', path: '#/topology' },
  { name: 'dark', path: '#/nodes', colorScheme: 'dark' },
  { name: 'device', path: '#/devices/bench', viewport: TALL },
  { name: 'phone', path: '#/nodes', viewport: PHONE },
];

const executablePath = ['/usr/bin/chromium', 'chromium'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);
if (executablePath === undefined) throw new Error('chromium is not installed');

const folder = mkdtempSync(join(tmpdir(), 'mg-'));
const port = await freePort();
const gateway = await startGateway();
try {
  await makePictures();
} finally {
  gateway.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

async function makePictures() {
  mkdirSync(target, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  try {
    const pages = [];
    for (const picture of PICTURES) pages.push({ ...picture, page: await openPage(browser, picture) });
    await pages[0].page.waitForTimeout(SETTLED_MS / 2);
    await giveCommand(['ramp', 'voltage=18', 'seconds=10']);
    await pages[0].page.waitForTimeout(SETTLED_MS / 2);
    for (const picture of pages) await takePicture(picture);
  } finally {
    await browser.close();
  }
}

/** Opened at the start: trends and trails are collected by the page itself. */
async function openPage(browser, { path, colorScheme = 'light', viewport = WIDE }) {
  const page = await browser.newPage({ colorScheme, viewport, reducedMotion: 'reduce' });
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`http://127.0.0.1:${port}/${path}`);
  return page;
}

/** So that the page of the device has a command in its history, and a change in its plots. */
async function giveCommand(words) {
  const main = join(root, 'dist', 'src', 'main.js');
  const child = spawn(process.execPath, [
    main,
    '--socket',
    join(folder, 's'),
    'command',
    'bench',
    ...words,
    '--yes',
  ]);
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`meshgate command ended with ${status}`);
}

async function takePicture({ name, page }) {
  await page.bringToFront();
  if (name === 'topology') {
    await page.getByRole('button', { name: 'Refresh paths' }).click();
    await page.getByText('1 path from the root').waitFor();
  }
  const path = join(target, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = statSync(path);
  console.log(`${path}  ${size} bytes`);
  if (size > MAX_SIZE) throw new Error(`${path} has more than ${MAX_SIZE} bytes`);
}

/** Resolves when it has greeted. */
async function startGateway() {
  const main = join(root, 'dist', 'src', 'main.js');
  const mesh = ['--simulate', '--demo', '--seed', '7', '--nodes', String(NODES)];
  const where = ['--socket', join(folder, 's'), '--http', String(port)];
  const child = spawn(process.execPath, [main, 'start', ...mesh, ...where], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.stdout.resume();
  return child;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
