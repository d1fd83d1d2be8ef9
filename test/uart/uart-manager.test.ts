import test from 'ava';
import { describeLinkStatus } from '../../src/link/describe-link.js';
import { LINK_DOWN_REASONS, type LinkDownReason } from '../../src/link/link.js';
import { UartManager } from '../../src/uart/uart-manager.js';
import { FakePort } from '../support/fake-link.js';
import { bytesOf, hexOf } from '../support/hex.js';
import { ManualClock, settled } from '../support/manual-clock.js';

function startManager() {
  const clock = new ManualClock();
  const port = new FakePort(clock);
  const reported: string[] = [];
  const settings = {
    maxBodyLength: 2048,
    openFrameTimeoutMs: 500,
    queueLimit: 8,
    pacing: { bytes: 1000, windowMs: 1000 },
    baud: 115_200,
  };
  const uart = new UartManager(
    { openLink: port.open, clock, random: () => 0, watchForDevices: () => () => {}, settings },
    {
      onFrame: (body) => reported.push(`body ${hexOf(body)}`),
      onConsoleLine: (line) => reported.push(`line ${line}`),
      onLinkStatus: ({ state }) => reported.push(state),
    },
  );
  uart.start();
  return { clock, port, reported, uart };
}

async function openManager() {
  const started = startManager();
  const link = started.port.latest.succeed();
  await settled();
  return { ...started, link };
}

test('a frame of the root brings the link up, and its body is passed on after that', async (t) => {
  const { port, reported } = await openManager();
  port.latest.handlers.onBytes(bytesOf('FF 00 00 03 FE'));
  t.deepEqual(reported, ['opening', 'probing', 'up', 'body 00 00 03']);
});

test('console text is passed on, but does not count as hearing the root', async (t) => {
  const { port, reported } = await openManager();
  port.latest.handlers.onBytes(Buffer.from('boot\n'));
  t.deepEqual(reported, ['opening', 'probing', 'line boot']);
});

test('bodies go out as frames while the link is open, and are refused while it is not', async (t) => {
  const { port, uart, clock, link } = await openManager();
  await uart.send('owner', Buffer.from('NINFO'));
  t.deepEqual(
    link.writes.map(({ bytes }) => hexOf(bytes)),
    ['FF 4E 49 4E 46 4F FE'],
  );
  port.latest.handlers.onClosed('hungUp', 'gone');
  await t.throwsAsync(uart.send('owner', Buffer.from('NINFO')), { message: /no link/ });
  clock.advance(250);
  const next = port.latest.succeed();
  await settled();
  await uart.send('owner', Buffer.from('NINFO'));
  t.is(next.writes.length, 1);
});

test('pending work ends when the link is lost, and does not mix with input of the next link', async (t) => {
  const { port, uart, clock, link, reported } = await openManager();
  link.hold();
  const sending = t.throwsAsync(uart.send('owner', Buffer.from('NINFO')), { message: /link was lost/ });
  port.latest.handlers.onBytes(bytesOf('FF 00 05 44'));
  port.latest.handlers.onClosed('hungUp', 'gone');
  await sending;
  clock.advance(250);
  port.latest.succeed();
  await settled();
  port.latest.handlers.onBytes(bytesOf('41 FE FF 00 05 53 FE'));
  t.deepEqual(
    reported.filter((entry) => entry.startsWith('body')),
    ['body 00 05 53'],
  );
  t.is(uart.counters().dropped.abandoned, 1);
});

test('stopping fails pending sends and closes the link', async (t) => {
  const { uart, link } = await openManager();
  link.hold();
  const sending = t.throwsAsync(uart.send('owner', Buffer.from('NINFO')), { message: /link was lost/ });
  await uart.stop();
  await sending;
  t.is(link.closings, 1);
  t.is(uart.linkStatus.state, 'stopped');
});

test('the root’s half message makes the frame on the wire go out again', async (t) => {
  const { uart, link } = await openManager();
  await uart.send('owner', Buffer.from('NINFO'));
  t.is(uart.onHalfMessage(), 'sentAgain');
  t.is(link.writes.length, 2);
});

test('the counters cover both directions, drops and losses', async (t) => {
  const { port, uart } = await openManager();
  port.latest.handlers.onBytes(bytesOf('FF 00 FF 00 05 53 FE'));
  await uart.send('owner', Buffer.from('NINFO'));
  port.latest.handlers.onClosed('hungUp', 'gone');
  const { received, dropped, sent, waiting, linkLosses } = uart.counters();
  t.like(received, { bytes: 7, frames: 1 });
  t.like(dropped, { cutShort: 1, abandoned: 0 });
  t.like(sent, { frames: 1, bytes: 7 });
  t.is(waiting, 0);
  t.is(linkLosses.hungUp, 1);
});

test('every state of the link has a human-readable sentence', (t) => {
  const name = '/dev/ttyUSB0';
  t.is(describeLinkStatus({ state: 'up', since: 0, name }), '/dev/ttyUSB0: the root is responding');
  t.regex(describeLinkStatus({ state: 'probing', since: 0, name }), /is open; waiting for the root/);
  t.is(describeLinkStatus({ state: 'opening', since: 0 }), 'opening the link');
  t.is(describeLinkStatus({ state: 'stopped', since: 0 }), 'the link is closed');
  const over = describeLinkStatus({ state: 'backingOff', since: 0, reason: 'recordingOver' });
  t.is(over, 'the recording has ended');
  for (const reason of Object.keys(LINK_DOWN_REASONS) as LinkDownReason[]) {
    if (reason === 'recordingOver') continue;
    const text = describeLinkStatus({ state: 'backingOff', since: 0, reason, detail: 'EIO' });
    t.is(text, `no link: ${LINK_DOWN_REASONS[reason]} (EIO); retrying`);
  }
});
