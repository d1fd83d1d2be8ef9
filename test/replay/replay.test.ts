import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { describeEvent } from '../../src/api/describe.js';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { replayEvents } from '../../src/cli/commands/replay/run-replay.js';
import type { MeshEvent } from '../../src/client/index.js';
import { loadConfig } from '../../src/gateway/settings.js';
import { Gateway, loadTables } from '../../src/gateway.js';
import { encodeHead, Recording } from '../../src/recorder/recording.js';
import { Replay, type ReplaySpeed } from '../../src/replay/replay.js';
import { VirtualClock } from '../../src/replay/virtual-clock.js';
import { openSimulatedLink } from '../../src/simulator/simulated-link.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { ask } from '../support/classic-client.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { bytesOf } from '../support/hex.js';
import { LineClient } from '../support/line-client.js';
import { ManualClock } from '../support/manual-clock.js';
import { HEAD, port, RecorderFixture } from '../support/recordings.js';
import { shippedTables as tables } from '../support/tables.js';

const config = loadConfig({}, undefined, {});
const HEARD = encodeFrame(bytesOf('00 05 45 01'));

async function eventsOf(
  recording: Recording,
  speed: ReplaySpeed = 'max',
  wall?: Clock,
): Promise<MeshEvent[]> {
  const events: MeshEvent[] = [];
  await replayEvents({ recording, speed, ...(wall && { wall }) }, config, (event) => events.push(event));
  return events;
}

/** `link up`, `alarm LINK_LOST` …, each with the ms since `start`. */
function summaryOf(events: readonly MeshEvent[], start: number): string[] {
  return events.flatMap((event) => {
    const at = event.at - start;
    if (event.kind === 'link') return [`${at} link ${event.link.state} ${event.link.reason ?? ''}`.trim()];
    if (event.kind === 'alarm') return [`${at} alarm ${event.alarm.code} ${event.alarm.active}`];
    return event.kind === 'message' ? [`${at} message ${event.message.from}`] : [];
  });
}

/** A gateway on a virtual mesh, in virtual time: the events it reported, and what its flight recorder holds. */
async function liveThrough(ms: number) {
  const clock = new VirtualClock(Date.UTC(2026, 4, 1));
  const gateway = new Gateway({
    config,
    tables: loadTables(config),
    openLink: openSimulatedLink({ clock, tables, nodes: 4, seed: 3, churn: 0.3 }),
    watchForDevices: () => () => {},
    clock,
    writeLine: () => {},
  });
  const reported: MeshEvent[] = [];
  gateway.hub.feed.subscribe((event) => reported.push(describeEvent(event)));
  gateway.connect();
  await clock.pass(ms);
  const page = gateway.recorder?.read({}, Number.POSITIVE_INFINITY);
  const file = Buffer.concat([encodeHead(HEAD), page?.blocks ?? Buffer.alloc(0)]);
  const events = [...reported];
  await gateway.stop();
  return { events, file };
}

test('a replay reports the events that the gateway reported when it was recorded', async (t) => {
  const { events, file } = await liveThrough(120_000);
  const replayed = await eventsOf(new Recording(file));
  t.true(replayed.length > 1000);
  t.deepEqual(replayed.map(withoutTimes), events.slice(0, replayed.length).map(withoutTimes));
  t.true(events.length - replayed.length < 50, 'events after the last record');
});

/** Recorded times have a resolution of 1 µs. */
function withoutTimes(event: MeshEvent): unknown {
  return JSON.parse(
    JSON.stringify(event, (key, value) =>
      ['at', 'since', 'receivedAt', 'firstAt', 'lastAt'].includes(key) ? Math.round(value / 10) : value,
    ),
  );
}

test('replaying twice gives the same events, number for number, at any speed', async (t) => {
  const { file } = await liveThrough(30_000);
  const first = await eventsOf(new Recording(file));
  t.true(first.length > 200);
  t.deepEqual(await eventsOf(new Recording(file)), first);
  t.deepEqual(await eventsOf(new Recording(file), 1, new HastyClock()), first);
  t.deepEqual(await eventsOf(new Recording(file), 1000, new HastyClock()), first);
});

/** A wall clock on which every wait ends at once: real time that costs none. */
class HastyClock extends ManualClock {
  waitedMs = 0;

  override after(ms: number, task: () => void) {
    let isOver = false;
    setImmediate(() => {
      if (isOver) return;
      this.waitedMs += ms;
      this.advance(ms);
      task();
    });
    return () => {
      isOver = true;
    };
  }
}

test('with a speed factor a recording takes its time, divided by the factor', async (t) => {
  const { file } = await liveThrough(30_000);
  const last = [...new Recording(file).entries()].at(-1);
  for (const speed of [1, 4]) {
    const wall = new HastyClock();
    await eventsOf(new Recording(file), speed, wall);
    const expected = (last?.us ?? 0) / 1000 / speed;
    t.true(Math.abs(wall.monotonic() - expected) < 1, `${wall.monotonic()} ms instead of ${expected}`);
  }
});

test('a link fails, opens, ends and comes back when it did in the recording', async (t) => {
  const fixture = new RecorderFixture();
  const { clock, recorder } = fixture;
  const start = clock.now();
  recorder.notOpened('noPermission', 'EACCES');
  clock.advance(300);
  recorder.opened(port());
  clock.advance(1000);
  recorder.fromRoot(HEARD);
  clock.advance(1000);
  recorder.closed('hungUp', 'EIO');
  clock.advance(100);
  recorder.opened(port('/dev/ttyUSB1'));
  recorder.fromRoot(HEARD);
  t.deepEqual(summaryOf(await eventsOf(fixture.recording()), start), [
    '0 link opening',
    '0 link backingOff noPermission',
    '0 alarm LINK_LOST true',
    '250 link opening noPermission',
    '300 link probing',
    '300 alarm LINK_LOST false',
    '1300 link up',
    '1300 message 5',
    '2300 link backingOff hungUp',
    '2300 alarm LINK_LOST true',
    '2400 link opening hungUp',
    '2400 link probing',
    '2400 alarm LINK_LOST false',
    '2400 link up',
    '2400 message 5',
  ]);
});

test('a recording that begins while the link is open opens it at once', async (t) => {
  const fixture = new RecorderFixture();
  fixture.recorder.opened(port());
  fixture.recorder.finishBlock();
  const from = fixture.finished.length;
  fixture.recorder.fromRoot(HEARD);
  fixture.recorder.finishBlock();
  const recording = new Recording(Buffer.concat([encodeHead(HEAD), ...fixture.finished.slice(from)]));
  t.deepEqual(summaryOf(await eventsOf(recording), fixture.clock.now()), [
    '0 link opening',
    '0 link probing',
    '0 link up',
    '0 message 5',
  ]);
});

test('where blocks are missing, the link has the state in the next one', async (t) => {
  const fixture = new RecorderFixture();
  const { clock, recorder } = fixture;
  const start = clock.now();
  recorder.opened(port());
  recorder.finishBlock();
  clock.advance(1000);
  recorder.closed('hungUp', '');
  recorder.finishBlock();
  clock.advance(1000);
  recorder.notOpened('noDevice', '');
  recorder.finishBlock();
  clock.advance(1000);
  recorder.opened(port('/dev/ttyUSB1'));
  recorder.finishBlock();
  clock.advance(1000);
  recorder.fromRoot(HEARD);
  recorder.finishBlock();
  const [opened, , notOpened, , heard] = fixture.finished as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const recording = new Recording(Buffer.concat([encodeHead(HEAD), opened, notOpened, heard]));
  t.deepEqual(
    summaryOf(await eventsOf(recording), start).filter((line) => !line.includes('alarm')),
    [
      '0 link opening',
      '0 link probing',
      '2000 link backingOff hungUp',
      '2000 link opening hungUp',
      '2000 link absent noDevice',
      '2500 link opening noDevice',
      '4000 link probing',
      '4000 link up',
      '4000 message 5',
    ],
  );
});

test('changes of the host clock are replayed, and move no timer', async (t) => {
  const fixture = new RecorderFixture();
  const { clock, recorder } = fixture;
  const start = clock.now();
  recorder.opened(port());
  recorder.fromRoot(HEARD);
  clock.advance(1000);
  clock.setHostClock(start - 86_400_000);
  recorder.fromRoot(HEARD);
  clock.advance(95_000);
  recorder.toRoot(Buffer.from('x'));
  const summary = summaryOf(await eventsOf(fixture.recording()), start);
  t.true(summary.includes('-86400000 message 5'), summary.join('\n'));
  t.true(summary.includes(`${-86_400_000 + 91_000 - 1000} alarm ROOT_SILENT true`), summary.join('\n'));
});

test('time between two runs of a gateway passes, but not months of it', async (t) => {
  const parts = [0, 5000, 200 * 86_400_000].map((laterMs, index) => {
    const fixture = new RecorderFixture({ startsAt: Date.UTC(2026, 4, 1) + laterMs });
    fixture.recorder.opened(port());
    fixture.recorder.finishBlock();
    return Buffer.concat([encodeHead({ ...HEAD, run: `run${index}` }), ...fixture.finished]);
  });
  const replay = new Replay({ recording: new Recording(Buffer.concat(parts)), speed: 'max' });
  await replay.run();
  t.is(replay.clock.monotonic(), 5000 + 3_600_000);
  t.is(replay.clock.now(), Date.UTC(2026, 4, 1) + 200 * 86_400_000);
});

test('a recording without records is refused', (t) => {
  t.throws(() => new Replay({ recording: new Recording(encodeHead(HEAD)), speed: 'max' }), {
    code: 'BAD_RECORDING',
  });
});

test('a replay that is stopped ends, whatever it waits for', async (t) => {
  const { file } = await liveThrough(5_000);
  const replay = new Replay({ recording: new Recording(file), speed: 0.001 });
  const opening = replay.link.open({ onBytes() {}, onClosed() {} });
  const ended = Promise.all([replay.run(), opening.catch(() => {})]);
  await new Promise((resolve) => setImmediate(resolve));
  replay.stop();
  await t.notThrowsAsync(ended);
  await t.throwsAsync(replay.link.open({ onBytes() {}, onClosed() {} }), { message: '' });
});

test('after its end the link is closed, and time continues in real time', async (t) => {
  const { closedBy, clock, replay, goingOn, wall } = await playedToTheEnd();
  t.deepEqual(closedBy, ['recordingOver']);
  const end = clock.monotonic();
  let rang = 0;
  clock.after(1000, () => {
    rang++;
  });
  await turns(5);
  wall.advance(999);
  await turns(5);
  t.is(rang, 0);
  wall.advance(1);
  await turns(5);
  t.is(rang, 1);
  t.is(clock.monotonic(), end + 1000);
  replay.stop();
  await goingOn;
});

async function playedToTheEnd() {
  const fixture = new RecorderFixture();
  fixture.recorder.opened(port());
  const wall = new ManualClock();
  const replay = new Replay({ recording: fixture.recording(), speed: 'max', wall });
  const closedBy: string[] = [];
  void replay.link.open({ onBytes() {}, onClosed: (reason) => closedBy.push(reason) });
  await replay.run();
  return { closedBy, clock: replay.clock, replay, goingOn: replay.continueLive(), wall };
}

test('during a replay, clients are waited for in real time, but get the recorded time', async (t) => {
  const fixture = new RecorderFixture();
  fixture.recorder.opened(port());
  const { clock, link } = new Replay({ recording: fixture.recording(), speed: 'max' });
  const folder = temporaryFolder();
  const gateway = new Gateway({
    config: { ...config, socket: join(folder.path, 's') },
    tables: loadTables(config),
    openLink: link.open,
    watchForDevices: link.watchForDevices,
    clock,
    clientClock: { ...systemClock, now: () => clock.now() },
    writeLine: () => {},
  });
  t.teardown(async () => {
    await gateway.stop();
    folder.remove();
  });
  await gateway.serve();
  t.is(
    (await ask(gateway.socketPath, 'W-LOGhello')).toString(),
    'S',
    'it was complete after 2 ms of silence',
  );
  const client = await LineClient.open(gateway.socketPath);
  const { result } = await client.ask('status');
  t.like(result, { startedAt: fixture.clock.now(), uptimeMs: 0 });
  client.close();
});

async function turns(amount: number): Promise<void> {
  for (let turn = 0; turn < amount; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('any damaged recording can be replayed to its end', async (t: ExecutionContext) => {
  const { file } = await liveThrough(10_000);
  const wrong = Buffer.from(file);
  for (let at = 100; at < wrong.length; at += 997) wrong[at] = (wrong[at] ?? 0) ^ 0xff;
  const cut = Buffer.concat([file.subarray(0, 60), file.subarray(file.length / 2)]);
  for (const bytes of [wrong, cut, Buffer.concat([file, file])]) {
    try {
      t.true((await eventsOf(new Recording(bytes))).length >= 0);
    } catch (error) {
      t.like(error, { code: 'BAD_RECORDING' });
    }
  }
});

test('devices in a recording change nothing when the root is replayed', async (t) => {
  const record = (hasDevice: boolean): Recording => {
    const fixture = new RecorderFixture();
    const { recorder, clock } = fixture;
    const psu = hasDevice ? recorder.link('psu') : undefined;
    recorder.opened(port());
    psu?.opened(port('tcp:psu:5025'));
    for (let time = 0; time < 20; time++) {
      clock.advance(700);
      recorder.fromRoot(HEARD);
      clock.advance(300);
      psu?.received(HEARD);
    }
    psu?.closed('closedByPeer', '');
    return fixture.recording();
  };
  t.deepEqual(await eventsOf(record(true)), await eventsOf(record(false)));
  const events: MeshEvent[] = [];
  const options = { recording: record(true), speed: 'max', linkName: 'psu' } as const;
  await replayEvents(options, config, (event) => events.push(event));
  t.is(events.filter(({ kind }) => kind === 'message').length, 20);
});
