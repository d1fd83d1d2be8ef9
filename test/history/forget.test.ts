import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { History } from '../../src/history/history.js';
import type { Archive } from '../../src/hub/archive.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { shippedTables } from '../support/tables.js';

async function openHistory(file: string) {
  const opened = await History.open({
    settings: { file, keepMs: 1e12, maxBytes: 1e12, eventsHeld: 1000 },
    tables: shippedTables,
    clock: systemClock,
    log: createLog('history', () => {}, systemClock),
    memory: {} as Archive,
    onFailing: () => {},
    onRestoredLate: (_restored, onNumbered) => onNumbered(0),
  });
  if (!opened.history) throw new Error(opened.fault);
  return opened;
}

test('a forgotten node is not restored after a crash right after the reply; its values remain in the history', async (t) => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'history.db');
  const { history } = await openHistory(file);
  t.teardown(() => folder.remove());
  t.teardown(() => history.close());
  const fixture = await NetworkFixture.up({ refreshEveryMs: 0 });
  const { hub } = fixture;
  history.attach(hub);
  fixture.say('00 05 44 01 00 07', '00 05 44 01', '00 06 44 01 00 08');
  t.true(hub.commands.forget(5));
  await history.flush();

  const crashed = join(folder.path, 'crashed.db');
  for (const end of ['', '-wal']) if (existsSync(file + end)) copyFileSync(file + end, crashed + end);
  const next = await openHistory(crashed);
  t.teardown(() => next.history.close());
  t.deepEqual(
    next.restored?.nodes.map(({ address }) => address),
    [6],
  );
  t.deepEqual(next.restored?.alarms, []);
  const { values } = await next.history.read(
    { node: 5, from: 0, to: Number.MAX_SAFE_INTEGER },
    10,
    undefined,
    {
      owner: 'test',
    },
  );
  t.is(values.length, 1);
});
