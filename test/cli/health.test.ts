import { join } from 'node:path';
import test from 'ava';
import { type FixtureOptions, startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, runToEnd } from '../support/process-fixture.js';
import { runHere } from '../support/run-here.js';

test.after.always(killProcesses);

const table: readonly [FixtureOptions['link'], code: number, lines: RegExp][] = [
  ['up', 0, /ok +link +open\nok +root +heard recently\nok +alarms +none active\n/],
  [
    'silent',
    1,
    /ok +link +open\nPROBLEM +root +the link is open, but nothing has been received from the root yet\n/,
  ],
  ['absent', 5, /PROBLEM +link +no serial device found\n/],
];

for (const [link, code, lines] of table) {
  test(`health with a link that is ${link} exits with ${code}, printing a line per check`, async (t) => {
    const { socketPath, close } = await startGateway(link ? { link } : {});
    t.teardown(close);
    const result = await runToEnd(['health', '--socket', socketPath]);
    t.is(result.code, code, result.stderr);
    t.regex(result.stdout, lines);
    t.true(result.stdout.startsWith('ok       gateway          answers on '));
    const json = await runHere(['health', '--socket', socketPath, '--json']);
    t.is(json.code, code);
    t.like(JSON.parse(json.stdout), { healthy: code === 0, ready: code === 0 });
  });
}

test('health without a gateway exits with 3', async (t) => {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  const { code, stdout, stderr } = await runHere(['health', '--socket', join(path, 's')]);
  t.is(code, 3);
  t.is(stdout, '');
  t.regex(stderr, /no gateway is listening/);
});
