import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { loadFaults } from '../../src/simulator/faults/fault-file.js';
import { VirtualSoak } from './virtual-soak.js';

const faults = loadFaults(join(packageRoot, 'soak', 'faults.toml'));
const MINUTES = 10;
const RUNS = 3;

test('half an hour of all faults and three processes of the gateway adds up', async (t) => {
  const soak = new VirtualSoak({ nodes: 20, faults });
  for (let run = 1; run <= RUNS; run++) {
    soak.start();
    await soak.advance(MINUTES);
    if (run < RUNS) await soak.stop();
    if (run < RUNS) await soak.advance(0.2);
  }
  soak.finish();
  const { account, ledger, mesh } = soak;
  t.deepEqual(account.unexplained, []);
  t.is(account.frames.total, ledger.counters.get('meant'));
  t.true(account.frames.get('delivered') > 20_000, `${account.frames.get('delivered')}`);
  t.true(account.frames.get('damaged on the line') > 10);
  t.true(account.lostBy.get('SIGTERM') > 0);
  t.true(account.frames.get('unread: unplugged') > 0);
  const { hangUps, resets, storms, wrongBauds, silences } = mesh.faultCounters();
  for (const count of [hangUps, resets, storms, wrongBauds, silences]) t.true(count > 0);
});

test('silences that only modem lines or a reopened port end add up too', async (t) => {
  const soak = new VirtualSoak({ nodes: 20, faults: loadFaults('silent-root') });
  soak.start();
  await soak.advance(3 * MINUTES);
  soak.finish();
  const { account, ledger, mesh } = soak;
  t.deepEqual(account.unexplained, []);
  t.is(account.frames.total, ledger.counters.get('meant'));
  t.true(account.lostBy.get('silence') > 0);
  const { endedByTime, endedByRestart, endedByLines, endedByReopen } = mesh.faultCounters();
  for (const count of [endedByTime, endedByRestart, endedByLines, endedByReopen]) t.true(count > 0);
  for (const step of ['restart', 'resetLines', 'reopen'])
    t.true(account.recoverySteps.get(`${step}: done`) > 0);
});

test('one message out of thousands that is withheld from the account is found', async (t) => {
  const soak = new VirtualSoak({ nodes: 20, faults, isDelivered: (index) => index !== 3000 });
  soak.start();
  await soak.advance(MINUTES);
  soak.finish();
  t.is(soak.account.unexplained.length, 1);
  t.is(soak.account.frames.get('unexplained'), 1);
});
