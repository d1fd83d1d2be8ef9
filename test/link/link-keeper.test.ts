import test, { type ExecutionContext } from 'ava';
import { LinkError } from '../../src/link/link.js';
import { LinkKeeper, type LinkKeeperOptions, type LinkStatus } from '../../src/link/link-keeper.js';
import { type FakeLink, FakePort } from '../support/fake-link.js';
import { ManualClock, settled } from '../support/manual-clock.js';

const STARTS_AT = Date.UTC(2026, 0, 1);

function startKeeper({ random = (): number => 0, ...options }: Partial<LinkKeeperOptions> = {}) {
  const clock = new ManualClock(STARTS_AT);
  const port = new FakePort(clock);
  const watchers = new Set<() => void>();
  const reported: string[] = [];
  const statuses: LinkStatus[] = [];
  const reactions = new Map<string, () => void>();
  const report = (what: string) => {
    reported.push(what);
    reactions.get(what.split(' ')[0] ?? '')?.();
  };
  const keeper = new LinkKeeper(
    {
      openLink: port.open,
      clock,
      random,
      ...options,
      watchForDevices: (onChange) => {
        watchers.add(onChange);
        return () => watchers.delete(onChange);
      },
    },
    {
      onBytes: (chunk) => report(`bytes ${chunk.toString()}`),
      onOpened: (link) => report(`opened ${link.name}`),
      onLost: () => report('lost'),
      onSilent: () => report('silent'),
      onStatus: (status) => {
        statuses.push(status);
        reactions.get(status.state)?.();
      },
    },
  );
  keeper.start();
  const deviceAppears = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const states = () => statuses.map(({ state }) => state);
  const on = (what: string, react: () => void) => reactions.set(what, react);
  return { clock, port, keeper, reported, statuses, states, watchers, deviceAppears, on };
}

type Started = ReturnType<typeof startKeeper>;

async function openUp({ port, keeper }: Started): Promise<FakeLink> {
  const link = port.latest.succeed();
  await settled();
  keeper.onHeard();
  return link;
}

/** Fails the pending attempt and moves time to the next; returns how long that took, in ms. */
async function pauseAfterFailure(t: ExecutionContext, { clock, port }: Started): Promise<number> {
  const failedAt = clock.monotonic();
  const attempts = port.attempts.length;
  port.latest.fail();
  await settled();
  while (port.attempts.length === attempts) clock.advance(1);
  t.is(port.attempts.length, attempts + 1);
  return clock.monotonic() - failedAt;
}

test('without a device the link starts as absent, and is retried', async (t) => {
  const started = startKeeper();
  const { port, keeper, states } = started;
  port.latest.fail('noDevice', 'ENOENT');
  await settled();
  t.like(keeper.status, { state: 'absent', reason: 'noDevice', detail: 'ENOENT' });
  started.clock.advance(250);
  port.latest.succeed();
  await settled();
  keeper.onHeard();
  t.deepEqual(states(), ['opening', 'absent', 'opening', 'probing', 'up']);
  t.is(keeper.losses.get('noDevice'), 1);
});

test('it is up when the root has been heard, probing when the port is merely open', async (t) => {
  const { port, keeper, reported } = startKeeper();
  t.is(keeper.status.state, 'opening');
  port.latest.succeed();
  await settled();
  t.like(keeper.status, { state: 'probing', name: '/dev/ttyFAKE0' });
  t.deepEqual(reported, ['opened /dev/ttyFAKE0']);
  keeper.onHeard();
  t.like(keeper.status, { state: 'up', name: '/dev/ttyFAKE0' });
});

for (const [reason, state] of [
  ['noDevice', 'absent'],
  ['severalDevices', 'absent'],
  ['noPermission', 'backingOff'],
  ['heldByAnother', 'backingOff'],
  ['openFailed', 'backingOff'],
  ['openTimeout', 'backingOff'],
] as const) {
  test(`a link that does not open for the reason ${reason} is ${state}`, async (t) => {
    const { port, keeper } = startKeeper();
    port.latest.fail(reason);
    await settled();
    t.like(keeper.status, { state, reason });
  });
}

test('an error from outside the link counts as a failure to open', async (t) => {
  const { port, keeper } = startKeeper();
  port.latest.breakDown(new TypeError('odd'));
  await settled();
  t.like(keeper.status, { state: 'backingOff', reason: 'openFailed', detail: 'odd' });
});

test('pauses double from 0.25 s to 8 s, and to 10 s with maximum jitter', async (t) => {
  for (const [chance, expected] of [
    [0, [250, 500, 1000, 2000, 4000, 8000, 8000]],
    [1, [313, 625, 1250, 2500, 5000, 10_000, 10_000]],
  ] as const) {
    const started = startKeeper({ random: () => chance });
    const pauses: number[] = [];
    for (const _ of expected) pauses.push(await pauseAfterFailure(t, started));
    t.deepEqual(pauses, [...expected]);
  }
});

test('a port that opens but whose root is silent is retried with growing pauses too', async (t) => {
  const { port, clock } = startKeeper();
  for (const pause of [250, 500, 1000]) {
    port.latest.succeed();
    await settled();
    port.latest.handlers.onClosed('hungUp', 'gone');
    const before = port.attempts.length;
    clock.advance(pause - 1);
    t.is(port.attempts.length, before);
    clock.advance(1);
    t.is(port.attempts.length, before + 1);
  }
});

test('pauses start over once the root has been heard', async (t) => {
  const started = startKeeper();
  for (let time = 0; time < 4; time++) await pauseAfterFailure(t, started);
  await openUp(started);
  started.port.latest.handlers.onClosed('hungUp', 'gone');
  started.clock.advance(250);
  t.is(started.port.attempts.length, 6);
});

test('a device that appears cuts the pause short, once', async (t) => {
  const started = startKeeper();
  for (let time = 0; time < 6; time++) await pauseAfterFailure(t, started);
  started.port.latest.fail();
  await settled();
  const before = started.port.attempts.length;
  started.deviceAppears();
  started.deviceAppears();
  t.is(started.port.attempts.length, before + 1);
  t.is(started.watchers.size, 0, 'nothing watches while it is opening');
  started.clock.advance(60_000);
  t.is(started.port.attempts.length, before + 1, 'the pause that was cut short does not end again');
});

test('a lost link is reported, counted and reopened; the old link passes on nothing more', async (t) => {
  const started = startKeeper();
  const link = await openUp(started);
  const first = started.port.latest;
  first.handlers.onBytes(Buffer.from('hello'));
  first.handlers.onClosed('hungUp', 'unplugged');
  t.like(started.keeper.status, { state: 'backingOff', reason: 'hungUp', detail: 'unplugged' });
  t.is(started.keeper.status.name, undefined);
  first.handlers.onBytes(Buffer.from('late'));
  first.handlers.onClosed('hungUp', 'again');
  t.deepEqual(started.reported, ['opened /dev/ttyFAKE0', 'bytes hello', 'lost']);
  t.is(link.closings, 1);
  t.is(started.keeper.losses.get('hungUp'), 1);
  started.clock.advance(250);
  await openUp(started);
  t.is(started.keeper.status.state, 'up');
});

test('a link lost while opening is closed when it opens after all', async (t) => {
  const { port, keeper, reported } = startKeeper();
  const attempt = port.latest;
  attempt.handlers.onClosed('hungUp', 'gone again');
  const link = attempt.succeed();
  await settled();
  t.is(link.closings, 1);
  t.like(keeper.status, { state: 'backingOff', reason: 'hungUp' });
  t.deepEqual(reported, ['lost']);
});

test('stopping while it opens closes the link if it opens late', async (t) => {
  const { port, keeper, reported } = startKeeper();
  const stopping = keeper.stop();
  t.is(keeper.status.state, 'stopped');
  const link = port.latest.succeed();
  await stopping;
  t.is(link.closings, 1);
  t.deepEqual(reported, []);
  t.is(keeper.status.state, 'stopped');
});

test('stopping while it opens ignores a late failure', async (t) => {
  const { port, keeper, clock, watchers } = startKeeper();
  const stopping = keeper.stop();
  port.latest.fail();
  await stopping;
  clock.advance(60_000);
  t.is(port.attempts.length, 1);
  t.is(watchers.size, 0);
});

for (const heard of [false, true]) {
  test(`stopping while ${heard ? 'up' : 'probing'} closes the link`, async (t) => {
    const { port, keeper, reported } = startKeeper();
    const link = port.latest.succeed();
    await settled();
    if (heard) keeper.onHeard();
    await keeper.stop();
    t.is(link.closings, 1);
    port.latest.handlers.onBytes(Buffer.from('late'));
    port.latest.handlers.onClosed('hungUp', 'late');
    keeper.onHeard();
    t.deepEqual(reported, ['opened /dev/ttyFAKE0']);
    t.like(keeper.status, { state: 'stopped', reason: 'stopped' });
  });
}

test('stopping during a pause ends the pause and the watching', async (t) => {
  const { port, keeper, clock, watchers } = startKeeper();
  port.latest.fail();
  await settled();
  t.is(watchers.size, 1);
  await keeper.stop();
  clock.advance(60_000);
  t.is(port.attempts.length, 1);
  t.is(watchers.size, 0);
});

test('stopping twice is harmless, and starting again reopens the link', async (t) => {
  const started = startKeeper();
  await openUp(started);
  await started.keeper.stop();
  await started.keeper.stop();
  started.keeper.start();
  started.keeper.start();
  t.is(started.port.attempts.length, 2);
});

test('`since` is the time when the link went down, whatever was tried in between', async (t) => {
  const started = startKeeper();
  const { clock, port, keeper } = started;
  t.is(keeper.status.since, STARTS_AT);
  await pauseAfterFailure(t, started);
  port.latest.fail();
  await settled();
  t.is(keeper.status.since, STARTS_AT, 'still down, since the start');
  clock.advance(500);
  port.latest.succeed();
  await settled();
  t.is(keeper.status.since, STARTS_AT + 750, 'probing');
  clock.advance(40);
  keeper.onHeard();
  t.is(keeper.status.since, STARTS_AT + 790, 'up');
  clock.advance(5000);
  keeper.onHeard();
  t.is(keeper.status.since, STARTS_AT + 790, 'every message of the root keeps it');
  port.latest.handlers.onClosed('hungUp', 'gone');
  t.is(keeper.status.since, STARTS_AT + 5790, 'down');
});

test('an unchanged state is not reported again', async (t) => {
  const started = startKeeper();
  await openUp(started);
  for (let time = 0; time < 3; time++) started.keeper.onHeard();
  t.deepEqual(started.states(), ['opening', 'probing', 'up']);
});

test('a released port is closed, and reopened when the time is over', async (t) => {
  const started = startKeeper();
  const link = await openUp(started);
  await started.keeper.release(5000);
  t.is(link.closings, 1);
  t.like(started.keeper.status, { state: 'maintenance', reason: 'released' });
  t.deepEqual(started.reported.slice(-1), ['lost']);
  started.clock.advance(4999);
  t.is(started.port.attempts.length, 1);
  started.clock.advance(1);
  await openUp(started);
  t.is(started.keeper.status.state, 'up');
  t.is(started.keeper.losses.get('released'), 1);
});

test('releasing again restarts the time; taking it back ends it at once', async (t) => {
  const started = startKeeper();
  await openUp(started);
  await started.keeper.release(5000);
  started.clock.advance(4000);
  await started.keeper.release(5000);
  started.clock.advance(4000);
  t.is(started.port.attempts.length, 1);
  t.is(started.keeper.losses.get('released'), 1);
  started.keeper.reclaim();
  t.is(started.port.attempts.length, 2);
  started.keeper.reclaim();
  t.is(started.port.attempts.length, 2, 'nothing is released any more');
});

test('devices that appear do not end a release', async (t) => {
  const started = startKeeper();
  started.port.latest.fail('noDevice');
  await settled();
  await started.keeper.release(60_000);
  started.deviceAppears();
  started.clock.advance(10_000);
  t.is(started.port.attempts.length, 1);
});

test('a port that is stopped while it is released stays closed', async (t) => {
  const started = startKeeper();
  await openUp(started);
  void started.keeper.release(5000);
  await started.keeper.stop();
  started.clock.advance(60_000);
  t.is(started.port.attempts.length, 1);
  t.is(started.keeper.status.state, 'stopped');
});

test('reopening closes the port first, and reports no loss that would be an alarm', async (t) => {
  const started = startKeeper();
  const link = await openUp(started);
  void started.keeper.reopen();
  await settled();
  t.is(link.closings, 1);
  t.is(started.port.attempts.length, 2);
  await openUp(started);
  t.deepEqual(started.states().slice(-3), ['opening', 'probing', 'up']);
  t.is(started.keeper.losses.get('reopened'), 1);
});

test('the board is reset by a pulse on RTS, if the link has modem lines', async (t) => {
  const started = startKeeper();
  const link = started.port.latest.succeed();
  await settled();
  t.false(await started.keeper.resetByLines(), 'this link has none');
  const lines: string[] = [];
  Object.assign(link, {
    setLines: async ({ dtr, rts }: { dtr: boolean; rts: boolean }) =>
      void lines.push(`dtr ${dtr} rts ${rts}`),
  });
  const reset = started.keeper.resetByLines();
  await settled();
  t.deepEqual(lines, ['dtr false rts true']);
  started.clock.advance(100);
  t.true(await reset);
  t.deepEqual(lines, ['dtr false rts true', 'dtr false rts false']);
  Object.assign(link, { setLines: () => Promise.reject(new Error('ENOTTY')) });
  t.false(await started.keeper.resetByLines());
});

// ---- Devices other than the root ----------------------------------------------------------------------------------

test('a device that only speaks when asked is up as soon as its link is open', async (t) => {
  const started = startKeeper({ isUpWhenOpen: true });
  started.port.latest.succeed();
  await settled();
  t.deepEqual(started.states(), ['opening', 'probing', 'up']);
});

test('silence is reported after each period without valid data, also while probing', async (t) => {
  const started = startKeeper({ silentAfterMs: 1000 });
  const { clock, keeper, reported } = started;
  clock.advance(5000);
  t.deepEqual(reported, [], 'a link that is not open is not silent');
  started.port.latest.succeed();
  await settled();
  const silences = () => reported.filter((what) => what === 'silent').length;
  clock.advance(999);
  started.port.latest.handlers.onBytes(Buffer.from('garbage'));
  t.is(silences(), 0);
  clock.advance(1);
  t.is(silences(), 1);
  clock.advance(900);
  keeper.onHeard();
  clock.advance(999);
  t.is(silences(), 1);
  clock.advance(1);
  t.is(silences(), 2);
  clock.advance(1000);
  t.is(silences(), 3, 'and again');
  await keeper.stop();
  clock.advance(5000);
  t.is(silences(), 3);
  t.is(clock.timers, 0);
});

test('a link that its owner gives up is closed, counted, and opened again after growing pauses', async (t) => {
  const started = startKeeper();
  const { clock, keeper, port } = started;
  for (const [index, pause] of [250, 500, 1000].entries()) {
    const link = port.latest.succeed();
    await settled();
    keeper.giveUp('no answer');
    t.is(link.closings, 1);
    t.like(keeper.status, { state: 'backingOff', reason: 'silent', detail: 'no answer' });
    keeper.giveUp('twice');
    t.is(keeper.losses.get('silent'), index + 1);
    clock.advance(pause - 1);
    t.is(port.attempts.length, index + 1);
    clock.advance(1);
    await settled();
    t.is(port.attempts.length, index + 2);
  }
});

test('with steadyAfterMs the pauses start over only after the link has been up for that long', async (t) => {
  const started = startKeeper({ steadyAfterMs: 5000 });
  const { clock, port } = started;
  const pauseAfter = async (upMs: number): Promise<number> => {
    await openUp(started);
    clock.advance(upMs);
    port.latest.handlers.onClosed('closedByPeer', 'end of data');
    const [lostAt, attempts] = [clock.monotonic(), port.attempts.length];
    while (port.attempts.length === attempts) clock.advance(1);
    await settled();
    return clock.monotonic() - lostAt;
  };
  t.is(await pauseAfter(100), 250);
  t.is(await pauseAfter(100), 500);
  t.is(await pauseAfter(4999), 1000);
  t.is(await pauseAfter(5000), 250);
});

test('writing while the link is not open is refused with the reason', async (t) => {
  const started = startKeeper();
  started.port.latest.fail('refused');
  await settled();
  const error = await t.throwsAsync(started.keeper.write(Buffer.from('x')), { instanceOf: LinkError });
  t.is((error as LinkError).reason, 'refused');
});

for (const when of ['lost', 'backingOff', 'opened'] as const) {
  test(`an owner may stop the link when it learns that it is ${when}`, async (t) => {
    const started = startKeeper();
    started.on(when, () => void started.keeper.stop());
    started.port.latest.succeed();
    await settled();
    if (when !== 'opened') started.port.latest.handlers.onClosed('hungUp', 'gone');
    await settled();
    started.clock.advance(60_000);
    await settled();
    t.is(started.keeper.status.state, 'stopped');
    t.is(started.port.attempts.length, 1);
  });
}
