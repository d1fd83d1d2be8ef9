import test from 'ava';
import { browserTest, openPage } from '../support/browser.js';
import {
  goTo,
  serveDashboard,
  sharedDashboard,
  untilActive,
  untilTrue,
} from '../support/dashboard-fixture.js';
import { killProcesses } from '../support/process-fixture.js';

test.after.always(killProcesses);

const FIRST_LOAD_BYTES = 150_000;

browserTest('the first page loads few bytes, without the map', async (t) => {
  const { url } = await sharedDashboard();
  const sizes = new Map<string, number>();
  const page = await openPage(t, url);
  page.on('response', async (response) => {
    sizes.set(new URL(response.url()).pathname, Number(response.headers()['content-length'] ?? 0));
  });
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Nodes' }).waitFor();
  const painted = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity`,
  );
  t.true(Number.isFinite(painted));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  t.true(bytes > 1000 && bytes < FIRST_LOAD_BYTES, `${bytes} bytes`);
  t.log(`first paint after ${Math.round(painted)} ms, ${bytes} bytes`);
  t.false([...sizes.keys()].some((path) => path.includes('mesh-map')));
});

/** Runs in the page: the row's text differs from `before`. */
const CHANGED = `(before) => {
  const row = document.querySelector('tr[data-address="5"]');
  return row !== null && row.textContent !== before;
}`;

browserTest('values, counts and ages update live', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  const row = page.getByRole('row', { name: 'Node-5' });
  const before = await row.textContent();
  await untilTrue(page, `(${CHANGED})(${JSON.stringify(before)})`);
  await page.getByRole('link', { name: /^12 active$/ }).waitFor();
  t.is(await page.getByRole('status', { name: 'Link' }).textContent(), 'upvirtual mesh of 12 nodes, seed 7');
});

browserTest('when the gateway is killed and restarted, the page says so and reconnects', async (t) => {
  const served = await serveDashboard(t);
  const page = await openPage(t, served.url, { expected: [/WebSocket connection to .* failed/] });
  await untilActive(page);
  await served.kill();
  const alert = page.getByRole('alert');
  await alert.getByText('Connection to the gateway lost.').waitFor();
  await alert.getByText(/Last updated .* ago\./).waitFor();
  t.true((await page.getByRole('row', { name: 'Node-5' }).count()) > 0, 'the last values are still shown');
  await served.restart();
  await alert.waitFor({ state: 'detached' });
  await untilActive(page);
  t.pass();
});

browserTest('a message shows its stages and the node’s answer', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  const form = page.getByRole('form', { name: 'Send to this node' });
  await form.getByRole('radio', { name: 'Hex' }).check();
  await form.getByRole('textbox', { name: 'Message' }).fill('45 01 02');
  await form.getByRole('button', { name: 'Send' }).click();
  const delivery = page.getByRole('list', { name: 'Deliveries' });
  for (const stage of ['queued', 'written', 'answered'])
    await delivery.getByText(stage, { exact: true }).waitFor();
  await delivery.getByText(/^Answered in \d+ ms: .+$/).waitFor();
  await page.getByRole('button', { name: 'Ping' }).click();
  await page
    .getByRole('list', { name: 'Ping results' })
    .getByText(/\d+ ms/)
    .waitFor();
  t.pass();
});

browserTest('a node is forgotten after confirmation, and the list of nodes is shown', async (t) => {
  const { url, gateway } = await serveDashboard(t, ['--simulate', '--seed', '7']);
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  await page.getByRole('button', { name: 'Forget…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Forget Node-5?' });
  await dialog.getByRole('button', { name: 'Forget node' }).click();
  await page.getByRole('heading', { level: 1, name: 'Nodes' }).waitFor();
  await gateway.logged(/forget by .*: done/);
  await untilActive(page);
  t.pass('it has been heard again');
});

browserTest('an invalid message is not sent', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  const form = page.getByRole('form', { name: 'Send to this node' });
  await form.getByRole('button', { name: 'Send' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByRole('radio', { name: 'Hex' }).check();
  await form.getByRole('textbox', { name: 'Message' }).fill('4');
  await form.getByRole('button', { name: 'Send' }).click();
  t.regex(String(await form.getByRole('alert').textContent()), /two digits per byte/);
});

browserTest('traffic is shown live, paused and filtered', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Traffic');
  await page.getByText('Data').first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/paused, new lines waiting/).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('searchbox', { name: 'Filter traffic' }).fill('no line has this');
  await page.getByText(/^0 of \d+ lines/).waitFor();
  await page.getByText('No matching lines.').waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  t.regex(file.suggestedFilename(), /\.(txt|log)$/);
});

browserTest('the Gateway page lists clients: this page, and the messages sent to it', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Gateway');
  const row = page.getByRole('table', { name: 'Clients' }).getByRole('row', { name: /^web client \d+ / });
  await row.first().waitFor();
  const cells = await row.first().getByRole('cell').allTextContents();
  t.deepEqual(cells.slice(0, 2), ['web session', 'full']);
  t.true(Number(cells[3]?.replace(/\D/g, '')) > 0, `sent ${cells[3]}`);
  t.deepEqual(cells.slice(5), ['0', '0'], 'dropped and coalesced');
});

browserTest('destructive actions ask for confirmation, and say what they will do', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Gateway');
  for (const name of ['Reset root…', 'Clean network…']) {
    await page.getByRole('button', { name }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    t.true(String(await dialog.textContent()).length > 60);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
});
