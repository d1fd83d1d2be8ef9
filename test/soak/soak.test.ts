import { join } from 'node:path';
import test from 'ava';
import { runSoak } from '../../soak/soak.js';
import { packageRoot } from '../../src/base/package-root.js';
import { hasSocat } from '../support/pty.js';

const ptyTest = hasSocat ? test : test.skip;

ptyTest('a short soak of the real process, killed and started again, adds up', async (t) => {
  t.timeout(400_000);
  const { account, restarts, ledger, crowd, counts } = await runSoak({
    minutes: 0.2,
    nodes: 20,
    seed: 1,
    rateHz: 2,
    faults: join(packageRoot, 'soak', 'faults.toml'),
    restartEvery: 0.04,
    onProgress: () => {},
  });
  t.deepEqual(account.unexplained, []);
  t.is(account.frames.total, ledger.counters.get('meant'));
  t.true(account.frames.get('delivered') > 0);
  t.true(restarts.SIGKILL > 0);
  t.is(account.listening.runs, 1 + restarts.SIGKILL + restarts.SIGTERM);
  t.is(crowd.visits.length, 19);
  t.true((counts.sums('uart.received').frames ?? 0) > 0);
});
