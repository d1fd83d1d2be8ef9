import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeArrayBuffer } from 'geotiff';
import type { Page } from 'playwright-core';
import { browserTest, openPage } from '../support/browser.js';
import {
  goTo,
  MAP_CANVAS,
  sharedDashboard,
  untilActive,
  untilDrawn,
  untilTrue,
} from '../support/dashboard-fixture.js';
import { startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses } from '../support/process-fixture.js';

test.after.always(killProcesses);

/** A red image of 4 × 4 pixels. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==';

/** The area of the virtual mesh, with a margin. */
const CORNERS = { North: '44.60', West: '-123.32', South: '44.53', East: '-123.23' };

async function makeTiff(keys: object): Promise<Buffer> {
  const pixels = new Uint8Array(4 * 4 * 3).map((_, index) => (index % 3 === 0 ? 255 : 0));
  const metadata = { width: 4, height: 4, ModelPixelScale: [0.0225, 0.0175, 0], ...keys };
  return Buffer.from((await writeArrayBuffer(pixels, metadata)) as ArrayBuffer);
}

const IN_WGS84 = {
  GTModelTypeGeoKey: 2,
  GeographicTypeGeoKey: 4326,
  ModelTiepoint: [0, 0, 0, -123.32, 44.6, 0],
};

async function openMap(t: ExecutionContext): Promise<Page> {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await goTo(page, 'Map');
  await page.getByText(/^12 of 12 nodes have a known position/).waitFor();
  return page;
}

browserTest('the map shows nodes, a scale and a graticule without any tiles', async (t) => {
  const page = await openMap(t);
  await untilDrawn(page, MAP_CANVAS);
  await page.locator('.map-frame').getByText('Node-5').waitFor();
  await page
    .locator('.map-frame')
    .getByText(/44\.5\d* ?° N/)
    .first()
    .waitFor({ state: 'attached' });
  await page
    .locator('.map-frame')
    .getByText(/^\d+ k?m$/)
    .waitFor();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.getByRole('button', { name: 'Show all' }).click();
  t.is(await page.locator('.map-frame img').count(), 0);
});

browserTest('a PNG from disk is shown at its corners, and removed', async (t) => {
  const page = await openMap(t);
  await page.getByText('Background image').click();
  await page.getByLabel('Image file').setInputFiles({
    name: 'field.png',
    mimeType: 'image/png',
    buffer: Buffer.from(PNG, 'base64'),
  });
  await page.getByRole('button', { name: 'Show image' }).click();
  await page.getByText(/enter four valid corners/).waitFor();
  for (const [side, degrees] of Object.entries(CORNERS)) await page.getByLabel(`${side} (°)`).fill(degrees);
  await page.getByRole('button', { name: 'Show image' }).click();
  await page.getByText('Showing field.png.').waitFor();
  const picture = page.getByRole('img', { name: 'Background image' });
  await picture.waitFor();
  t.true(((await picture.boundingBox())?.width ?? 0) > 100);
  await page.getByRole('button', { name: 'Remove image' }).click();
  await picture.waitFor({ state: 'detached' });
});

browserTest('a GeoTIFF in EPSG:4326 needs no corners; another does', async (t) => {
  const page = await openMap(t);
  await page.getByText('Background image').click();
  const show = async (buffer: Buffer) => {
    await page.getByLabel('Image file').setInputFiles({ name: 'field.tif', mimeType: 'image/tiff', buffer });
    await page.getByRole('button', { name: 'Show image' }).click();
  };
  const projected = {
    GTModelTypeGeoKey: 1,
    ProjectedCSTypeGeoKey: 32610,
    ModelTiepoint: [0, 0, 0, 478000, 4935000, 0],
  };
  await show(await makeTiff(projected));
  await page.getByText(/not in EPSG:4326: enter four valid corners/).waitFor();
  await show(Buffer.from('49492a00ffffffff', 'hex'));
  await page.getByText(/Cannot show field\.tif/).waitFor();
  await show(await makeTiff(IN_WGS84));
  await page.getByText('Showing field.tif.').waitFor();
  const picture = page.getByRole('img', { name: 'Background image' });
  t.true(((await picture.boundingBox())?.width ?? 0) > 100);
});

browserTest('the configured image is shown from the start', async (t) => {
  const folder = temporaryFolder();
  const image = join(folder.path, 'field.tif');
  writeFileSync(image, await makeTiff(IN_WGS84));
  const fixture = await startGateway({ web: true, settings: { map: { image } } });
  t.teardown(async () => {
    await fixture.close();
    folder.remove();
  });
  const page = await openPage(t, `http://${fixture.webHost}/#/map`);
  const picture = page.getByRole('img', { name: 'Background image' });
  await picture.waitFor();
  t.true(((await picture.boundingBox())?.width ?? 0) > 100);
});

browserTest('a plot is drawn, zooms by dragging, and goes back to live values', async (t) => {
  const { url } = await sharedDashboard();
  const page = await openPage(t, url);
  await untilActive(page);
  await page.getByRole('link', { name: 'Node-5' }).click();
  const plot = page.getByRole('figure').first();
  await plot.locator('canvas').waitFor();
  await untilTrue(page, HAS_VALUES);
  await untilDrawn(page, '.plot canvas');
  const values = plot.getByRole('list');
  t.regex(String(await values.textContent()), /: .+ \(min .+, max .+\)/);
  const box = await plot.locator('.u-over').boundingBox();
  if (!box) throw new Error('the plot is not visible');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.3, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
  await page.mouse.up();
  const zoomed = await plot.locator('canvas').screenshot();
  await plot.getByRole('button', { name: 'Back to live' }).click();
  t.notDeepEqual(await plot.locator('canvas').screenshot(), zoomed);
});

/** Runs in the page: the first plot has points. */
const HAS_VALUES = `/min/.test(document.querySelector('.plot-values')?.textContent ?? '')`;

browserTest(
  'the topology connects nodes by the paths that the root reports, and says when there are none',
  async (t) => {
    const fixture = await startGateway({ web: true });
    t.teardown(() => fixture.close());
    const page = await openPage(t, `http://${fixture.webHost}/#/topology`);
    await page.getByText(/The root has reported no paths/).waitFor();
    fixture.root.say('00 05 45 01', '00 06 45 01', '00 07 45 01');
    fixture.root.say('00 00 04 02 00 05 00 01 00 06 00 05');
    const graph = page.getByRole('region', { name: 'Paths of the mesh' });
    await graph.getByText('1 path from the root').waitFor();
    await graph.getByText('2 paths from the root').waitFor();
    const first = await graph.getByRole('button', { name: 'Node-5, active' }).boundingBox();
    const second = await graph.getByRole('button', { name: 'Node-6, active' }).boundingBox();
    t.true((first?.y ?? 0) < (second?.y ?? 0));
    const unconnected = page.getByRole('region', { name: 'Nodes without reported paths' });
    await unconnected.getByRole('button', { name: 'Node-7' }).press('Enter');
    await page.getByTestId('selected-node').getByRole('link', { name: 'Node-7' }).waitFor();
  },
);
