import test from 'ava';
import { browserTest, openPage } from '../support/browser.js';
import { goTo, serveDashboard, untilActive, untilTrue } from '../support/dashboard-fixture.js';
import { killProcesses } from '../support/process-fixture.js';

test.after.always(killProcesses);

const FIRST_LOAD_BYTES = 150_000;

browserTest('the first page is painted with few bytes, and without the map', async (t) => {
  const { url } = await serveDashboard(t);
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

/** Runs in the page: the row says something else than `before`. */
const CHANGED = `(before) => {
  const row = document.querySelector('tr[data-address="5"]');
  return row !== null && row.textContent !== before;
}`;

browserTest('values, counts and ages change by themselves', async (t) => {
  const { url } = await serveDashboard(t);
  const page = await openPage(t, url);
  await untilActive(page);
  const row = page.getByRole('row', { name: 'Node-5' });
  const before = await row.textContent();
  await untilTrue(page, `(${CHANGED})(${JSON.stringify(before)})`);
  await page.getByRole('link', { name: /^12 active$/ }).waitFor();
  t.is(await page.getByRole('status', { name: 'Link' }).textContent(), 'upvirtual mesh of 12 nodes, seed 7');
});

browserTest('the gateway is killed and started again: the page says so, and goes on by itself', async (t) => {
  const served = await serveDashboard(t);
  const page = await openPage(t, served.url, { expected: [/WebSocket connection to .* failed/] });
  await untilActive(page);
  await served.kill();
  const alert = page.getByRole('alert');
  await alert.getByText('The connection to the gateway is lost.').waitFor();
  await alert.getByText(/The picture is .* old\./).waitFor();
  t.true((await page.getByRole('row', { name: 'Node-5' }).count()) > 0, 'the last picture stays');
  await served.restart();
  await alert.waitFor({ state: 'detached' });
  await untilActive(page);
  t.pass();
});

browserTest('a message shows its stages, and the answer of the node', async (t) => {
  const { url } = await serveDashboard(t);
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
  await delivery.getByText(/^Answer .* after \d+ ms$/).waitFor();
  await page.getByRole('button', { name: 'Ping' }).click();
  await page
    .getByRole('list', { name: 'Ping results' })
    .getByText(/\d+ ms/)
    .waitFor();
  t.pass();
});

browserTest('a node is forgotten after a question, and the list of nodes is shown without it', async (t) => {
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
  t.pass('it is heard again');
});

browserTest('a message that can not be sent is not', async (t) => {
  const { url } = await serveDashboard(t);
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  const form = page.getByRole('form', { name: 'Send to this node' });
  await form.getByRole('button', { name: 'Send' }).click();
  await form.getByRole('alert').waitFor();
  await form.getByRole('radio', { name: 'Hex' }).check();
  await form.getByRole('textbox', { name: 'Message' }).fill('4');
  await form.getByRole('button', { name: 'Send' }).click();
  t.regex(String(await form.getByRole('alert').textContent()), /two digits a byte/);
});

browserTest('traffic runs, is held by Pause, and filtered', async (t) => {
  const { url } = await serveDashboard(t);
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Traffic');
  await page.getByText('Data').first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/paused, there are newer ones/).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('searchbox', { name: 'Filter traffic' }).fill('no line has this');
  await page.getByText(/^0 of at most/).waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  t.regex(file.suggestedFilename(), /\.(txt|log)$/);
});

browserTest('the page Gateway lists who is connected: this page, and what it was sent', async (t) => {
  const { url } = await serveDashboard(t);
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Gateway');
  const row = page.getByRole('table', { name: 'Clients' }).getByRole('row', { name: /^web client \d+ / });
  await row.first().waitFor();
  const cells = await row.first().getByRole('cell').allTextContents();
  t.deepEqual(cells.slice(0, 2), ['web session', 'all']);
  t.true(Number(cells[3]?.replace(/\D/g, '')) > 0, `sent ${cells[3]}`);
  t.deepEqual(cells.slice(5), ['0', '0'], 'dropped and coalesced');
});

browserTest('what destroys asks first, and says what it will do', async (t) => {
  const { url } = await serveDashboard(t);
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Gateway');
  for (const name of [/reset|restart/i, /clean|forget/i]) {
    await page.getByRole('button', { name }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    t.true(String(await dialog.textContent()).length > 60);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
});
