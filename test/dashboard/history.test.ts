/** What the page shows of an earlier run: gateways started with an existing state directory. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { browserTest, findViolations, openPage } from '../support/browser.js';
import {
  goTo,
  type Served,
  serveDashboard,
  untilActive,
  untilDrawn,
  untilTrue,
} from '../support/dashboard-fixture.js';
import { fillStore, type StoreContents, temperature } from '../support/filled-store.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses } from '../support/process-fixture.js';

test.after.always(killProcesses);

const HOUR = 3_600_000;
const VIRTUAL_MESH = ['--simulate', '--seed', '7'];
const NO_BOARD = ['--port', '/nowhere/tty'];

async function serveWithHistory(
  t: ExecutionContext,
  args: readonly string[],
  contents: StoreContents,
): Promise<Served> {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const state = join(folder.path, 'state');
  await fillStore(state, contents);
  return serveDashboard(t, [...args, '--state', state]);
}

/** A temperature of node 5 every two seconds of the last 20 hours, alternating between -99 °C and 99 °C. */
function* longHistory() {
  const now = Date.now();
  for (let at = now - 20 * HOUR; at < now; at += 2000)
    yield temperature(5, at, Math.round(at / 2000) % 2 ? 9900 : -9900);
}

async function openNode(t: ExecutionContext, url: string): Promise<Page> {
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  await page.getByRole('heading', { level: 1, name: 'Node-5' }).waitFor();
  return page;
}

function plotOf(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true });
}

browserTest(
  'a long time range is drawn as means with a band, a short one value by value; both are extended live',
  async (t) => {
    const { url } = await serveWithHistory(t, VIRTUAL_MESH, { values: longHistory(), knownNodes: [5] });
    const page = await openNode(t, url);
    const long = plotOf(page, 'Temperature');
    await long.getByText(/min -99, max 99/).waitFor();
    await long.getByText('Line: mean of each 10 s; band: minimum to maximum.').waitFor();
    await page.getByLabel('Period').selectOption({ label: '24 h' });
    await long.getByText(/Line: mean of each [25] min/).waitFor();
    await untilDrawn(page, '.plot canvas');
    const short = plotOf(page, 'Battery voltage');
    await short.getByText(/V \(min/).waitFor();
    t.is(await short.getByText('Line: mean').count(), 0);
    t.deepEqual(await findViolations(page), []);
    await untilTrue(page, IS_LIVE);
  },
);

/** Runs in the page: the newest temperature is live, not stored. */
const IS_LIVE = `/temperature: (?!-?99)[\\d.]+ °C \\(min -99, max 99\\)/.test(
  document.querySelector('[aria-label="Temperature"]')?.textContent ?? '')`;

browserTest('nodes and alarms from before the gateway was started are shown as restored', async (t) => {
  const at = Date.now() - HOUR;
  const alarm = {
    id: 'MALFORMED_DATA:5',
    code: 'MALFORMED_DATA',
    priority: 'low',
    node: 5,
    text: 'odd',
  } as const;
  const { url } = await serveWithHistory(t, NO_BOARD, {
    values: [temperature(5, at, 1234)],
    knownNodes: [5, 6],
    alarms: [{ ...alarm, firstAt: at, lastAt: at, count: 1, active: false, acknowledged: false }],
  });
  const page = await openPage(t, url);
  const row = page.getByRole('row', { name: 'Node-5' });
  await row.getByText('restored').waitFor();
  await row.getByText('12.34 °C').waitFor();
  t.deepEqual(await findViolations(page), []);
  await goTo(page, 'Alarms');
  await page.getByRole('row', { name: /odd/ }).getByText('restored').waitFor();
  t.is(
    await page
      .getByRole('row', { name: /LINK_LOST/ })
      .getByText('restored')
      .count(),
    0,
  );
  await page.getByRole('button', { name: 'Acknowledge: odd' }).click();
  await page.getByRole('row', { name: /odd/ }).waitFor({ state: 'detached' });
  await goTo(page, 'Nodes');
  await page.getByRole('link', { name: 'Node-5' }).click();
  await page.getByRole('heading', { level: 1, name: 'Node-5' }).waitFor();
  await page.getByText('restored', { exact: true }).waitFor();
});

browserTest('a node is not shown as restored after it is heard', async (t) => {
  const { url } = await serveWithHistory(t, VIRTUAL_MESH, { values: [], knownNodes: [5, 99] });
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('row', { name: 'Node-99' }).getByText('restored').waitFor();
  await page.getByRole('row', { name: 'Node-5' }).getByText('restored').waitFor({ state: 'detached' });
  t.pass();
});

browserTest('the Gateway page shows the history file', async (t) => {
  const { url } = await serveWithHistory(t, VIRTUAL_MESH, { values: [] });
  const page = await openPage(t, url);
  await goTo(page, 'Gateway');
  await page.getByText(/\/state\/history\.db$/).waitFor();
  t.is(await page.getByText('History error').count(), 0);
});

browserTest('the Gateway page shows why there is no history file', async (t) => {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  writeFileSync(join(folder.path, 'file'), '');
  const { url } = await serveDashboard(t, [...VIRTUAL_MESH, '--state', join(folder.path, 'file', 'state')]);
  const page = await openPage(t, url);
  await goTo(page, 'Gateway');
  await page.getByText('in memory only').waitFor();
  await page.getByText(/ENOTDIR/).waitFor();
  t.pass();
});
