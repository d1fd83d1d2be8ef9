import test from 'ava';
import type { Page } from 'playwright-core';
import { browserTest, findViolations, openPage } from '../support/browser.js';
import { goTo, sharedDashboard, untilActive } from '../support/dashboard-fixture.js';
import { killProcesses } from '../support/process-fixture.js';

test.after.always(killProcesses);

const TOKEN = 'a-token-for-everything';
const READ_TOKEN = 'a-token-for-reading';
const TOKENS = { MESHGATE_HTTP_TOKEN: TOKEN, MESHGATE_HTTP_READ_TOKEN: READ_TOKEN };

const PAGES = ['Nodes', 'Map', 'Topology', 'Traffic', 'Robots', 'Alarms', 'Gateway'];

async function enterToken(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Connect' }).click();
}

browserTest('a gateway that requires a token prompts for it, and rejects a wrong one', async (t) => {
  const { url } = await sharedDashboard(TOKENS);
  const page = await openPage(t, url);
  await enterToken(page, 'a wrong one');
  await page.getByRole('alert').getByText('The gateway rejected the token.').waitFor();
  await enterToken(page, TOKEN);
  await untilActive(page);
  await page.reload();
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  await page.getByRole('button', { name: 'Send' }).waitFor();
  t.pass();
});

browserTest('a read token shows everything, and no controls that act', async (t) => {
  const { url } = await sharedDashboard(TOKENS);
  const page = await openPage(t, url);
  await enterToken(page, READ_TOKEN);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  await page.getByRole('heading', { level: 1, name: 'Node-5' }).waitFor();
  await page.getByRole('figure').first().waitFor();
  t.is(await page.getByRole('button', { name: /send|ping/i }).count(), 0);
  await goTo(page, 'Gateway');
  const details = page.getByRole('region', { name: 'Details' });
  await details.getByText('read', { exact: true }).waitFor();
  t.is(await page.getByRole('button', { name: /reset|clean|send/i }).count(), 0);
});

for (const colorScheme of ['light', 'dark'] as const) {
  browserTest(`axe finds no violations on any page, ${colorScheme}`, async (t) => {
    const { url } = await sharedDashboard();
    const page = await openPage(t, url, { colorScheme });
    await untilActive(page);
    for (const name of PAGES) {
      await goTo(page, name);
      if (name === 'Map') await page.getByText(/^12 of 12 nodes/).waitFor();
      t.deepEqual(await findViolations(page), [], name);
    }
    await goTo(page, 'Gateway');
    await page.getByRole('button', { name: 'Clean' }).click();
    await page.getByRole('dialog').waitFor();
    t.deepEqual(await findViolations(page), [], 'dialog');
    await page.keyboard.press('Escape');
    await goTo(page, 'Nodes');
    await page.getByRole('link', { name: 'Node-5' }).click();
    await page.getByRole('figure').first().waitFor();
    t.deepEqual(await findViolations(page), [], 'Node');
  });
}

browserTest('axe finds no violations in the token prompt, nor on a phone', async (t) => {
  const { url } = await sharedDashboard(TOKENS);
  const page = await openPage(t, url, { viewport: { width: 375, height: 700 }, isMobile: true });
  await page.getByLabel('Token').waitFor();
  t.deepEqual(await findViolations(page), []);
  await enterToken(page, TOKEN);
  await untilActive(page);
  t.deepEqual(await findViolations(page), []);
  const wide = await page.evaluate('document.documentElement.scrollWidth');
  t.true(Number(wide) <= 375, `${wide} pixels wide`);
});

browserTest('everything can be reached and operated by keyboard', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await page.keyboard.press('Tab');
  t.is(await focused(page), 'Skip to content');
  await tabTo(page, 'Map');
  await page.keyboard.press('Enter');
  await page.getByText(/^12 of 12 nodes/).waitFor();
  await tabTo(page, 'Node-7 (active)');
  await page.keyboard.press('Enter');
  const chosen = page.getByTestId('selected-node').getByRole('link', { name: 'Node-7' });
  await chosen.waitFor();
  await chosen.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Node-7' }).waitFor();
  await tabTo(page, 'Message');
  await page.keyboard.type('hello');
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Deliveries' }).getByText('written', { exact: true }).waitFor();
  await page.getByRole('figure').first().waitFor();
  await tabTo(page, 'Back to live');
  await page.keyboard.press('Enter');
  t.pass();
});

const MAX_STEPS = 150;

/** Presses Tab until the focus is on the element with this name. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step++) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === name) return;
  }
  throw new Error(`${MAX_STEPS} tabs did not lead to ${name}`);
}

function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    `document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? ''`,
  );
}
