import test from 'ava';
import { DeliveryWaiters } from '../../src/api/delivery-waiters.js';
import { Deliveries } from '../../src/hub/deliveries.js';
import type { Hub } from '../../src/hub/hub.js';
import { ManualClock } from '../support/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const deliveries = new Deliveries(clock, (delivery) => waiters.onStage(delivery));
  const hub = { commands: { findDelivery: (id: string) => deliveries.find(id) } } as unknown as Hub;
  const waiters: DeliveryWaiters = new DeliveryWaiters(hub, clock);
  const begin = () =>
    deliveries.begin({
      to: 5,
      message: Buffer.of(0x45, 1),
      by: { owner: 'test' },
      expects: { opcode: 0x41 },
    });
  return { clock, deliveries, waiters, begin };
}

test('a wait for "written" ends with the first stage after which nothing more is expected', async (t) => {
  for (const stage of ['written', 'uncertain', 'failed'] as const) {
    const { deliveries, waiters, begin } = setUp();
    const begun = begin();
    const waited = waiters.wait(begun, 'written', 1000);
    if (stage === 'written') deliveries.onWritten(begun.id);
    else if (stage === 'uncertain') deliveries.onUncertain(begun.id);
    else deliveries.onFailed(begun.id, 'noLink');
    t.is((await waited).stage, stage);
  }
});

test('a wait for "answered" continues while it is uncertain', async (t) => {
  const { clock, deliveries, waiters, begin } = setUp();
  const begun = begin();
  const waited = waiters.wait(begun, 'answered', 1000);
  deliveries.onWritten(begun.id);
  deliveries.onUncertain(begun.id);
  clock.advance(1000);
  t.is((await waited).stage, 'uncertain');
});

test('a stage that has already been reached is not waited for', async (t) => {
  const { deliveries, waiters, begin } = setUp();
  const begun = begin();
  deliveries.onWritten(begun.id);
  t.is((await waiters.wait(begun, 'written', 1000)).stage, 'written');
});

test('several callers may wait for one delivery, each for its own stage', async (t) => {
  const { clock, deliveries, waiters, begin } = setUp();
  const begun = begin();
  const written = [1, 2].map(() => waiters.wait(begun, 'written', 1000));
  const answered = waiters.wait(begun, 'answered', 500);
  deliveries.onWritten(begun.id);
  t.deepEqual(
    (await Promise.all(written)).map(({ stage }) => stage),
    ['written', 'written'],
  );
  clock.advance(500);
  t.is((await answered).stage, 'written');
});

test('closing settles every wait with the current state, even of deliveries that are no longer kept', async (t) => {
  const { waiters, begin } = setUp();
  const forgotten = waiters.wait(begin(), 'written', 1000);
  for (let count = 0; count < 1000; count++) begin();
  const known = waiters.wait(begin(), 'written', 1000);
  waiters.close();
  t.is((await forgotten).stage, 'queued');
  t.is((await known).stage, 'queued');
});
