/** The real process, with the programs of the supply as its clients. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { encodeEnvelope } from '../../../src/codecs/dataforge/envelope.js';
import { browserTest, findViolations, openPage } from '../../support/browser.js';
import { check, DataforgeClient, isAnswer, isError, type Meta, set } from '../../support/dataforge-client.js';
import { freePort } from '../../support/free-port.js';
import { killProcesses, runToEnd, startProcess } from '../../support/process-fixture.js';
import { until } from '../../support/waiters.js';
import { WebSocketClient } from '../../support/web-socket-client.js';

const folder = mkdtempSync(join(tmpdir(), 'hv-'));
const TOKEN = 'a token of the tests';
const READ_TOKEN = 'a token for reading';

test.after.always(killProcesses);

let gateways = 0;

/** A gateway with a supply and its server; settings as variables, without their common prefix. */
async function start(
  settings: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
  nodes = '3',
) {
  const [port, webPort, httpPort] = [await freePort(), await freePort(), await freePort()];
  const all = { MODE: 'strict', LISTEN: `127.0.0.1:${port}`, WEB: `127.0.0.1:${webPort}`, ...settings };
  const named = Object.entries(all).map(([name, value]) => [`MESHGATE_DATAFORGE_${name}`, value]);
  const socket = join(folder, `s${++gateways}`);
  const args = ['--simulate', '--nodes', nodes, '--socket', socket, '--http', String(httpPort)];
  const gateway = await startProcess(args, { ...Object.fromEntries(named), ...more });
  await gateway.logged(/listening on TCP port/);
  if (all.WEB !== 'off') await gateway.logged(/listening on web port/);
  return { gateway, port, webPort, httpPort, socket };
}

const voltages = ({ metas }: DataforgeClient) =>
  metas.filter(isAnswer('get_voltage')).map(({ voltage }) => Number(voltage));
const answersOf = (metas: readonly Meta[]) =>
  metas.filter(({ answer_type }) => answer_type !== 'get_voltage');

test.serial(
  'two programs of both writers see one ramp, with busy and schema errors, and reconnect',
  async (t) => {
    const { gateway, port } = await start({
      POLL_S: '1',
      SETTLE_S: '1',
      CHANGE_SPEED: '200',
      TSV: join(folder, 'HV'),
    });
    const [one, two] = [await DataforgeClient.open(port), await DataforgeClient.open(port)];
    one.say(check(800, 3, 20), 'server');
    await until(() => voltages(one).length > 0 && voltages(two).length > 0, 'readings');
    two.say(set(100), 'online');
    two.say(set('100'), 'online');
    one.say({ meta: { type: 'command' } }, 'server');
    for (const client of [one, two])
      t.is((await client.find(isAnswer('set_voltage_and_check'))).status, 'ok');
    t.deepEqual(answersOf(one.metas), answersOf(two.metas));
    t.deepEqual(
      answersOf(one.metas).map(({ error_code, answer_type }) => error_code ?? answer_type),
      [8, 9, 9, 'set_voltage_and_check'],
    );
    const seen = voltages(one);
    t.true(seen.length >= 4);
    for (const [index, volts] of seen.entries()) t.true(volts >= (seen[index - 1] ?? -1) - 2, `${seen}`);
    t.true(Math.abs((seen.at(-1) ?? 0) - 800) < 210);

    await two.close();
    one.say(set(0), 'server');
    const again = await DataforgeClient.open(port);
    t.is((await again.find(isAnswer('set_voltage'))).status, 'ok');
    again.say(check(0, 3, 20), 'online');
    t.is((await again.find(isAnswer('set_voltage_and_check'))).status, 'ok');
    await one.find(
      ({ answer_type, error }) => answer_type === 'set_voltage_and_check' && Math.abs(Number(error)) <= 3,
    );
    for (const client of [one, again]) await client.close();
    t.is((await gateway.stop()).code, 0);
    t.is(readdirSync(join(folder, 'HV')).filter((name) => name.endsWith('-virtual.tsv')).length > 0, true);
  },
);

test.serial('a program that does not read is closed, and another one gets everything', async (t) => {
  const { gateway, port } = await start({ MODE: 'mesh', DEVICE: 'virtual', WEB: 'off' }, {}, '150');
  const [slow, quick] = [await DataforgeClient.open(port), await DataforgeClient.open(port)];
  slow.socket.pause();
  let asked = 0;
  const asking = setInterval(() => {
    for (let count = 0; count < 4; count++) {
      quick.say({ meta: { type: 'command', command_type: 'nodes', id: `${asked++}` } });
    }
  }, 50);
  await gateway.logged(/was closed: the client read too slowly/);
  clearInterval(asking);
  await quick.find(({ id }) => id === String(asked - 1));
  t.deepEqual(
    quick.metas.filter(isAnswer('nodes')).map(({ id }) => id),
    Array.from({ length: asked }, (_, index) => `${index}`),
  );
  await quick.close();
  slow.socket.destroy();
  await gateway.stop();
});

test.serial('one gateway is the supply of another, which waits while it is busy', async (t) => {
  const first = await start({ CHANGE_SPEED: '100000', NOISE: '0', SETTLE_S: '0.2', POLL_S: '0.2' });
  const second = await start({
    DEVICE: `tcp:127.0.0.1:${first.port}`,
    MAX_VOLTAGE: '2000',
    SETTLE_S: '0.2',
    POLL_S: '0.2',
  });
  const [here, there] = [await DataforgeClient.open(second.port), await DataforgeClient.open(first.port)];
  await here.find(isAnswer('get_voltage'));
  there.say(check(900, 0, 2));
  await there.find(({ voltage }) => voltage === 900 || voltage === 0);
  here.say(set(2001));
  t.regex(String((await here.find(isError(9))).description), /from -2000 to 2000 V/);
  here.say(check(1500, 1, 20));
  t.is((await here.find(isAnswer('set_voltage_and_check'))).voltage, 1500);
  await there.find(({ voltage }) => voltage === 1500);
  await here.close();
  await there.close();
  await first.gateway.stop();
  const supply = await runToEnd(['hv', 'set', '1', '--yes', '--socket', second.socket]);
  t.not(supply.code, 0);
  await second.gateway.stop();
});

test.serial("the channel on the gateway's own web server has its tokens and origins", async (t) => {
  const access = { MESHGATE_HTTP_TOKEN: TOKEN, MESHGATE_HTTP_READ_TOKEN: READ_TOKEN };
  const { gateway, httpPort } = await start({ SETTLE_S: '0.1' }, access);
  const url = `ws://127.0.0.1:${httpPort}/dataforge/channel`;
  const open = (headers: Record<string, string>) => WebSocketClient.open(url, { headers });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  await t.throwsAsync(open({ ...bearer(TOKEN), origin: 'http://evil.example' }), { message: 'refused 403' });
  await t.throwsAsync(open(bearer('wrong token of tests')), { message: 'refused 401' });

  const reader = await open(bearer(READ_TOKEN));
  reader.socket.send(JSON.stringify(set(5).meta));
  t.like(JSON.parse(await reader.find((text) => text.includes('error'))), {
    error_code: 9,
    description: 'this connection may only read',
  });
  const late = await open({});
  late.socket.send(JSON.stringify({ method: 'authenticate', id: 1, params: { token: TOKEN } }));
  t.like(JSON.parse(await late.next()), { id: 1, result: { role: 'admin' } });
  late.socket.send(JSON.stringify(set(5, { id: 'late' }).meta));
  for (const client of [late, reader])
    t.like(JSON.parse(await client.find((text) => text.includes('"set_voltage"'))), {
      status: 'ok',
      id: 'late',
    });
  const unknown = await open({});
  unknown.socket.send('{}');
  t.is(await unknown.closed, 1008);
  await gateway.stop();
  t.is(await late.closed, 1001);
});

test.serial('hardware without max_voltage does not start, and says why', async (t) => {
  const env = { MESHGATE_DATAFORGE_DEVICE: 'scpi', MESHGATE_DATAFORGE_METER: 'tcp:127.0.0.1:1' };
  const ended = await runToEnd(['start', '--simulate', '--socket', join(folder, 'x'), '--http', 'off'], env);
  t.is(ended.code, 6);
  t.regex(ended.stderr, /dataforge\.max_voltage: is required with device = "scpi"/);
});

test.serial('the command line sets and follows the supply, and decodes files', async (t) => {
  const { gateway, socket } = await start({ SETTLE_S: '0.1', CHANGE_SPEED: '1000', NOISE: '0' });
  const run = (...args: string[]) => runToEnd([...args, '--socket', socket]);
  const asked = await run('hv', 'set', '1000');
  t.is(asked.code, 2);
  t.regex(asked.stderr, /hazardous\n.*--yes/);
  t.is((await run('hv', 'set', '1000', '--yes')).stdout, 'hv:1 is set to 1000 V\n');
  const checked = await run('hv', 'set', '700', '--check', '1', '--timeout', '5', '--yes');
  t.is(checked.stdout, 'hv:1 is at 700.00 V: +0.00 V from 700 V\n');
  const late = await run('hv', 'set', '50000', '--check', '0', '--timeout', '0', '--yes', '--json');
  t.is(late.code, 1);
  t.like(JSON.parse(late.stdout), { stage: 'completed', result: { status: 'timeout' } });
  t.is((await run('hv', 'set', 'much', '--yes')).code, 2);
  const file = join(folder, 'run.df');
  const envelope = encodeEnvelope(set(5), { form: 'tagged', at: 0, style: 'online' });
  writeFileSync(file, Buffer.concat([envelope, Buffer.from('junk')]));
  const decoded = await runToEnd(['dataforge', 'decode', file]);
  t.is(decoded.code, 1);
  t.deepEqual(decoded.stdout.split('\n'), [
    '         0  tagged, no data',
    '            {"type":"command","command_type":"set_voltage","block":"1","voltage":5}',
    `       ${envelope.length}  4 B that belong to no envelope`,
    '',
  ]);
  const entries = (await runToEnd(['dataforge', 'decode', '--json', file])).stdout.trimEnd().split('\n');
  t.like(JSON.parse(entries[0] ?? ''), { offset: 0, form: 'tagged', meta: set(5).meta, data: '' });
  t.deepEqual(JSON.parse(entries[1] ?? ''), { offset: envelope.length, skipped: 4 });
  t.is((await run('hv', 'set', '1', '--timeout', '2', '--yes')).code, 2);
  await gateway.stop();
});

browserTest('the page shows the voltage, sets it after a question, and says what was refused', async (t) => {
  const { gateway, webPort } = await start({
    SETTLE_S: '0.2',
    POLL_S: '0.2',
    CHANGE_SPEED: '100000',
    NOISE: '0',
  });
  const page = await openPage(t, `http://127.0.0.1:${webPort}/`);
  const questions: string[] = [];
  page.on('dialog', (dialog) => {
    questions.push(dialog.message());
    void dialog.accept();
  });
  await page.getByText('connected', { exact: true }).waitFor();
  await page.getByLabel('Voltage [V]').fill('1234.5');
  await page.getByRole('button', { name: 'Set' }).click();
  await page.getByText('ok', { exact: true }).waitFor();
  await page.locator('#voltage').getByText('1234.5').waitFor();
  await page.getByLabel('Check').check();
  await page.getByLabel('Time-out [s]').fill('7200');
  await page.getByRole('button', { name: 'Set' }).click();
  await page.locator('#answer').getByText('timeout must be a number from 0 to 3600 s').waitFor();
  t.deepEqual(questions, Array(2).fill('Set the high voltage to 1234.5 V?'));
  t.deepEqual(await findViolations(page), []);
  await gateway.stop();
});
