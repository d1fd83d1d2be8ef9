/** The pages of devices, on a gateway in this process: the test is the devices. */
import type { ExecutionContext } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { BenchSource } from '../support/bench-source.js';
import { browserTest, findViolations, openPage } from '../support/browser.js';
import { CAMERA, CommandedBench, FIRST_STAGE, STATE } from '../support/commanded-bench.js';
import { goTo } from '../support/dashboard-fixture.js';
import { type FixtureOptions, type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { makePng } from '../support/png.js';

interface Served {
  readonly fixture: GatewayFixture;
  /** A stage that moves, with a camera. */
  readonly stage: CommandedBench;
  /** Two power supplies. */
  readonly bench: BenchSource;
  readonly url: string;
}

async function serveDevices(t: ExecutionContext, options: FixtureOptions = {}): Promise<Served> {
  const fixture = await startGateway({ web: true, ...options });
  t.teardown(() => fixture.close());
  const stage = new CommandedBench(fixture.hub, Date.now);
  const bench = new BenchSource(fixture.hub, Date.now, 2);
  stage.link('up');
  bench.link('up');
  bench.report(1250);
  stage.source.report(FIRST_STAGE, STATE, Buffer.of(1));
  return { fixture, stage, bench, url: `http://${fixture.webHost}/` };
}

function card(page: Page, device: string): Locator {
  return page.getByRole('list', { name: 'Devices' }).locator(`[data-device="${device}"]`);
}

async function openStage(t: ExecutionContext, served: Served, options = {}): Promise<Page> {
  const page = await openPage(t, `${served.url}#/devices/stage`, options);
  await page.getByRole('form', { name: 'move' }).waitFor();
  return page;
}

function newest(page: Page): Locator {
  return page.getByRole('list', { name: 'Command history' }).locator('.command-entry').first();
}

function stagesOf(entry: Locator): Promise<string[]> {
  return entry.getByRole('list', { name: 'Stages' }).getByRole('listitem').allTextContents();
}

/** Runs `move` to a position, with its confirmation. */
async function runMove(page: Page, position: string): Promise<void> {
  await page.getByRole('form', { name: 'move' }).getByLabel('position').fill(position);
  await page.getByRole('button', { name: 'Run move' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run move' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

browserTest('without devices, the page says how to connect one', async (t) => {
  const fixture = await startGateway({ web: true });
  t.teardown(() => fixture.close());
  const page = await openPage(t, `http://${fixture.webHost}/`);
  await goTo(page, 'Devices');
  const empty = page.getByRole('region', { name: 'No devices' });
  await empty.getByText(/configuration file/).waitFor();
  t.deepEqual(await findViolations(page), []);
});

browserTest(
  'the list shows status, readings with units and names, alarms and a thumbnail, live',
  async (t) => {
    const { stage, bench, url } = await serveDevices(t);
    const page = await openPage(t, url);
    await goTo(page, 'Devices');
    await card(page, 'hv:1').getByText('12.5 V').waitFor();
    bench.report(1300);
    await card(page, 'hv:1').getByText('13 V').waitFor();
    await card(page, 'hv:1').getByText('active', { exact: true }).waitFor();
    await card(page, 'hv:2').getByText('the device has not reported yet').waitFor();
    await card(page, 'stage').getByText('MOVING', { exact: true }).waitFor();
    stage.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'high', text: 'end switch reached' });
    await card(page, 'stage').getByRole('link', { name: 'end switch reached' }).waitFor();
    stage.source.report(
      FIRST_STAGE,
      CAMERA,
      makePng(8, 6, (x) => x * 30),
    );
    await page.reload();
    await card(page, 'stage').getByRole('img', { name: 'Camera of stage' }).waitFor();
    bench.link('backingOff');
    await card(page, 'hv:1')
      .getByText(/^No link to bench since .* These are the last values\.$/)
      .waitFor();
    t.is(await card(page, 'hv:1').getByText('13 V').count(), 1);
    await page.getByRole('searchbox', { name: 'Search devices' }).fill('bench');
    await page.getByText('2 of 3 devices').waitFor();
    t.is(await card(page, 'stage').count(), 0);
  },
);

browserTest(
  'a device has plots of its numbers, from the history and live; enumerations have none',
  async (t) => {
    const { bench, url } = await serveDevices(t);
    const page = await openPage(t, `${url}#/devices/HV:1`);
    const plot = page.getByRole('region', { name: 'Supply voltage' });
    await plot.getByText(/voltage: 12\.5 V \(min 12\.5, max 12\.5\)/).waitFor();
    bench.report(1000);
    await plot.getByText(/voltage: 10 V \(min 10, max 12\.5\)/).waitFor();
    await page.getByText('the link of bench is up').waitFor();
    await page.goto(`${url}#/devices/stage`);
    await page
      .getByRole('row', { name: /StageState/ })
      .getByText('MOVING')
      .waitFor();
    t.is(await page.getByRole('figure').count(), 0);
  },
);

browserTest(
  'the newest image is fetched when there is one, and an undecodable one is reported',
  async (t) => {
    const served = await serveDevices(t);
    const { stage } = served;
    stage.source.report(
      FIRST_STAGE,
      CAMERA,
      makePng(8, 6, (x) => x * 30),
    );
    const page = await openStage(t, served);
    const image = page.getByRole('img', { name: 'Camera of stage' });
    await image.waitFor();
    const first = await image.getAttribute('src');
    stage.source.report(
      FIRST_STAGE,
      CAMERA,
      makePng(8, 6, (_, y) => y * 30),
    );
    await page.locator(`img[src^="blob:"]:not([src="${first}"])`).waitFor();
    await page.getByText(/^received \d+ s ago · image\/png, 1 KiB$/).waitFor();
    stage.source.report(FIRST_STAGE, CAMERA, Buffer.from('not a picture'));
    await page.getByText('The browser cannot show this image/png.').waitFor();
    t.is(await image.count(), 1, 'the image before it is still shown');
  },
);

browserTest('a command is checked beside its fields, confirmed, followed and completed', async (t) => {
  const served = await serveDevices(t);
  const { stage } = served;
  const page = await openStage(t, served);
  const form = page.getByRole('form', { name: 'move' });
  await page.getByRole('button', { name: 'Run move' }).click();
  await form.getByText('Enter a number from 0 to 100 mm.').waitFor();
  await form.getByLabel('position').fill('500');
  await form.getByLabel('steps').fill('1.5');
  await form.getByLabel('note').fill('hello');
  await page.getByRole('button', { name: 'Run move' }).click();
  await form.getByText('Enter a whole number from 1 to 10.').waitFor();
  t.is(await form.getByLabel('position').getAttribute('aria-invalid'), 'true');
  t.is(await page.evaluate('document.activeElement.name'), 'position');
  await form.getByLabel('position').fill('42.5');
  await form.getByLabel('steps').fill('3');
  await form.getByLabel('brake').selectOption('yes');
  await page.getByRole('button', { name: 'Run move' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run move on stage?' });
  for (const text of ['stage, Stage of the bench', '42.5 mm', 'slow', '3', 'hello', 'yes'])
    await dialog.getByText(text, { exact: true }).waitFor();
  t.deepEqual(await findViolations(page), [], 'dialog');
  await page.keyboard.press('Escape');
  t.is(stage.runs.length, 0);
  await page.getByRole('button', { name: 'Run move' }).click();
  await dialog.getByRole('button', { name: 'Run move' }).click();
  const values = { position: 42.5, mode: 'slow', steps: 3, note: 'hello', brake: true };
  t.deepEqual(stage.lastRun.arguments, values);
  stage.lastRun.accept();
  stage.lastRun.progress({ fraction: 0.25, text: 'a quarter of the way' });
  await newest(page).getByText('a quarter of the way').waitFor();
  t.is(await newest(page).getByRole('progressbar').getAttribute('value'), '0.25');
  await page.reload();
  await newest(page).getByText('a quarter of the way').waitFor();
  stage.lastRun.complete({ position: 42.49 });
  await newest(page).getByText('Result: position 42.49').waitFor();
  t.deepEqual(await stagesOf(newest(page)), ['queued', 'accepted', 'progress', 'completed']);
});

browserTest('a command is aborted, and one that cannot be says so', async (t) => {
  const served = await serveDevices(t);
  const { stage } = served;
  stage.acceptsAtOnce = true;
  const page = await openStage(t, served);
  await runMove(page, '5');
  await page.getByRole('button', { name: 'Abort move' }).click();
  await page.getByRole('button', { name: 'Aborting move' }).waitFor();
  t.true(await page.getByRole('button', { name: 'Aborting move' }).isDisabled());
  t.true(stage.lastRun.signal.aborted);
  stage.lastRun.aborted();
  await newest(page).getByText('aborted', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Run home' }).click();
  await newest(page).getByText('cannot be aborted').waitFor();
  t.true(await page.getByRole('button', { name: 'Abort home' }).isDisabled());
});

browserTest(
  'a failure is shown in the words of the device; a lost link ends commands and disables them',
  async (t) => {
    const served = await serveDevices(t);
    const { stage } = served;
    const page = await openStage(t, served);
    await runMove(page, '5');
    stage.lastRun.fail('rejectedByDevice', 'interlock open');
    await newest(page)
      .getByText(/^Failed: .*interlock open/)
      .waitFor();
    await runMove(page, '6');
    stage.link('backingOff');
    await newest(page)
      .getByText(/^Failed: the link was lost/)
      .waitFor();
    await page
      .getByTestId('device-state')
      .getByText(/^No link to motion since/)
      .waitFor();
    t.true(await page.getByRole('button', { name: 'Run move' }).isDisabled());
    t.is(await page.getByText('No link to motion.', { exact: true }).count(), 2, 'beside each command');
  },
);

browserTest('a page that may only read says which role a command requires', async (t) => {
  const token = 'a-token-for-everything';
  const readToken = 'a-token-for-reading';
  const served = await serveDevices(t, { settings: { http: { token, read_token: readToken } } });
  served.stage.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'low', text: 'end switch' });
  const page = await openPage(t, `${served.url}#/devices/stage`);
  await page.getByLabel('Token').fill(readToken);
  await page.getByRole('button', { name: 'Connect' }).click();
  await page.getByText('Requires the role send; this page has the role read.').waitFor();
  await page.getByText('Requires the role admin; this page has the role read.').waitFor();
  t.true(await page.getByRole('button', { name: 'Run move' }).isDisabled());
  t.is(await page.getByRole('button', { name: /^(Acknowledge|Abort)/ }).count(), 0);
});

browserTest('alarms of a device are acknowledged on its page, and link to it', async (t) => {
  const { stage, url } = await serveDevices(t);
  stage.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'high', text: 'end switch' });
  const page = await openPage(t, url);
  await goTo(page, 'Alarms');
  const row = page.getByRole('row', { name: /end switch/ });
  await row.getByText('LIMIT', { exact: true }).waitFor();
  await row.getByRole('link', { name: 'stage' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'stage' }).waitFor();
  const alarms = page.getByRole('list', { name: 'Alarms' });
  await alarms.getByRole('button', { name: 'Acknowledge: end switch' }).click();
  await alarms.getByText('acknowledged', { exact: true }).waitFor();
  t.deepEqual(stage.acknowledged, ['LIMIT']);
  stage.source.clearAlarm(FIRST_STAGE, 'LIMIT');
  await alarms.waitFor({ state: 'detached' });
});

browserTest('the traffic page shows the stages of commands, with a link to the device', async (t) => {
  const served = await serveDevices(t);
  const page = await openStage(t, served);
  await runMove(page, '5');
  served.stage.lastRun.accept();
  served.stage.lastRun.progress({ fraction: 0.5, text: 'half way' });
  served.stage.lastRun.fail('deviceFault', 'motor stalled');
  await goTo(page, 'Traffic');
  await page.getByRole('searchbox', { name: 'Filter traffic' }).fill('stage move');
  for (const text of [
    /queued: position 5, mode slow/,
    /^accepted$/,
    /progress 50 %: half way/,
    /failed: .*motor stalled/,
  ])
    await page.getByRole('cell', { name: text }).waitFor();
  await page.getByRole('link', { name: 'stage' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'stage' }).waitFor();
  t.pass();
});

for (const colorScheme of ['light', 'dark'] as const) {
  browserTest(
    `axe finds no violations on the pages of devices, and they fit a phone, ${colorScheme}`,
    async (t) => {
      const served = await serveDevices(t);
      const { stage } = served;
      stage.source.report(
        FIRST_STAGE,
        CAMERA,
        makePng(8, 6, (x) => x * 30),
      );
      stage.source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'medium', text: 'end switch' });
      for (const width of [1440, 390]) {
        const options = { colorScheme, viewport: { width, height: 800 }, isMobile: width < 500 };
        const page = await openStage(t, served, options);
        await page.getByRole('img', { name: 'Camera of stage' }).waitFor();
        await runMove(page, '5');
        stage.lastRun.accept();
        stage.lastRun.progress({ fraction: 0.5 });
        await newest(page).getByRole('progressbar').waitFor();
        await page.getByRole('button', { name: 'Run move' }).click();
        t.deepEqual(await findViolations(page), [], `device, ${width}`);
        t.true(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width, 'device');
        await page.keyboard.press('Escape');
        await page.goto(`${served.url}#/devices`);
        await card(page, 'hv:1').getByText('12.5 V').waitFor();
        t.deepEqual(await findViolations(page), [], `list, ${width}`);
        t.true(Number(await page.evaluate('document.documentElement.scrollWidth')) <= width, 'list');
      }
    },
  );
}
