import test from 'ava';
import type { Page } from 'playwright-core';
import { browserTest, openPage } from '../support/browser.js';
import { goTo, MAP_CANVAS, untilDrawn } from '../support/dashboard-fixture.js';
import { type GatewayFixture, startGateway } from '../support/gateway-fixture.js';

const NODES = 5000;
const FIRST = 5;
/** More rows than fit on a screen. */
const MAX_ROWS = 80;

let fixture: GatewayFixture;

test.before(async () => {
  fixture = await startGateway({ web: true });
  for (let index = 0; index < NODES; index++) fixture.root.say(battery(index), position(index));
});

test.after.always(() => fixture.close());

function body(address: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(address >> 8, address & 0xff), payload]);
}

/** Each node's voltage is its number in millivolts. */
function battery(index: number): Buffer {
  return body(FIRST + index, Buffer.of(0x44, 1, 16, index & 0xff, index >> 8));
}

function position(index: number): Buffer {
  const payload = Buffer.alloc(17);
  payload[0] = 0x05;
  payload.writeDoubleLE(44.5 + Math.floor(index / 100) * 0.001, 1);
  payload.writeDoubleLE(-123.3 + (index % 100) * 0.001, 9);
  return body(FIRST + index, payload);
}

/** Runs in the page. */
const SCROLL_TO_END = `document.querySelector('[aria-label="Table of nodes"]').scrollTo(0, 1e9)`;

function rows(page: Page) {
  return page.getByRole('table', { name: 'Nodes' }).getByRole('row');
}

browserTest(
  'with 5,000 nodes, only the visible rows are in the page; scrolling shows the others',
  async (t) => {
    const page = await openPage(t, `http://${fixture.webHost}/`);
    await page.getByText(`${NODES} nodes`, { exact: true }).waitFor();
    const shown = await rows(page).count();
    t.true(shown > 10 && shown < MAX_ROWS, `${shown} rows`);
    t.is(await page.getByRole('table', { name: 'Nodes' }).getAttribute('aria-rowcount'), String(NODES + 1));
    await page.evaluate(SCROLL_TO_END);
    await page.getByRole('link', { name: `Node-${FIRST + NODES - 1}`, exact: true }).waitFor();
    t.true((await rows(page).count()) < MAX_ROWS);
  },
);

browserTest('search and filter work with 5,000 nodes', async (t) => {
  const page = await openPage(t, `http://${fixture.webHost}/`);
  const search = page.getByRole('searchbox', { name: 'Search nodes' });
  await search.fill('node-4999');
  await page.getByText(`1 of ${NODES}`).waitFor();
  t.is(await rows(page).count(), 2);
  await search.fill('');
  const status = page.getByRole('combobox', { name: 'Status' });
  await status.selectOption('disconnected');
  await page.getByText(`0 of ${NODES}`).waitFor();
  await page.getByText('No matching nodes.').waitFor();
  await status.selectOption('active');
  await page.getByText(`${NODES} nodes`, { exact: true }).waitFor();
});

browserTest('the table sorts by a value, both ways', async (t) => {
  const page = await openPage(t, `http://${fixture.webHost}/`);
  const head = page.getByRole('button', { name: 'Battery' });
  await head.click();
  await page
    .getByRole('columnheader', { name: 'Battery' })
    .and(page.locator('[aria-sort=ascending]'))
    .waitFor();
  await rows(page).nth(1).getByText('Node-5', { exact: true }).waitFor();
  await head.click();
  await page.locator('[aria-sort=descending]').waitFor();
  await rows(page)
    .nth(1)
    .getByText(`Node-${FIRST + NODES - 1}`, { exact: true })
    .waitFor();
  t.pass();
});

browserTest('a page of 5,000 nodes keeps up with incoming values', async (t) => {
  const page = await openPage(t, `http://${fixture.webHost}/`);
  await page.getByText(`${NODES} nodes`, { exact: true }).waitFor();
  for (let index = 0; index < NODES; index++) fixture.root.say(battery((index + 1) % NODES));
  fixture.root.say(body(FIRST, Buffer.of(0x44, 1, 16, 0x39, 0x30)));
  await rows(page).nth(1).getByText('12.345 V').waitFor();
  t.pass();
});

browserTest('the map draws 5,000 nodes on one canvas, and lists some of them', async (t) => {
  const page = await openPage(t, `http://${fixture.webHost}/`);
  await goTo(page, 'Map');
  await page.getByText(`${NODES} of ${NODES} nodes have a known position.`).waitFor();
  await untilDrawn(page, MAP_CANVAS);
  const list = page.getByRole('region', { name: 'Nodes on the map' });
  await list.getByText(`Showing 100 of ${NODES}`).waitFor();
  await list.getByRole('searchbox').fill('Node-4321');
  await list.getByRole('button', { name: 'Node-4321' }).click();
  await page.getByTestId('selected-node').getByRole('link', { name: 'Node-4321' }).waitFor();
  t.is((await page.locator('.map-frame canvas').count()) < 5, true);
});
