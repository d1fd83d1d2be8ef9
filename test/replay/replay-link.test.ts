import test from 'ava';
import type { Link } from '../../src/link/link.js';
import { ReplayLink } from '../../src/replay/replay-link.js';
import { VirtualClock } from '../../src/replay/virtual-clock.js';
import { port } from '../support/recordings.js';

/** A link of a recording, and a gateway that opens it; `outcomes`: what came of it. */
function fixture() {
  const clock = new VirtualClock(0);
  const link = new ReplayLink(clock);
  const outcomes: string[] = [];
  const open = () =>
    link
      .open({
        onBytes: (chunk) => outcomes.push(`bytes ${chunk}`),
        onClosed: (reason) => outcomes.push(`closed ${reason}`),
      })
      .then((opened: Link) => {
        outcomes.push(`open ${opened.name}`);
        return opened;
      })
      .catch((error: Error & { reason?: string }) => {
        outcomes.push(`failed ${error.reason}`);
        return undefined;
      });
  return { clock, link, outcomes, open };
}

test('opening the port waits for the recording', async (t) => {
  const { clock, link, outcomes, open } = fixture();
  void open();
  await clock.pass(10_000);
  t.deepEqual(outcomes, []);
  link.notOpened('noPermission', '');
  await clock.pass(0);
  await clock.pass(1);
  void open();
  link.opened(port());
  await clock.pass(1);
  t.deepEqual(outcomes, ['failed noPermission', 'open /dev/ttyUSB0']);
});

test('a port that the gateway reopens is open again, though the recording does not have it', async (t) => {
  const { clock, link, outcomes, open } = fixture();
  link.opened(port());
  const first = open();
  await clock.pass(200);
  await (await first)?.close();
  link.received(Buffer.from('lost'));
  void open();
  await clock.pass(50);
  link.received(Buffer.from('not lost'));
  await clock.pass(150);
  t.deepEqual(outcomes, ['open /dev/ttyUSB0', 'bytes not lost', 'open /dev/ttyUSB0']);
});

test('a port reopened by both is open when the recording has it open', async (t) => {
  const { clock, link, outcomes, open } = fixture();
  link.opened(port());
  const first = open();
  await clock.pass(200);
  await (await first)?.close();
  void open();
  link.closed('stopped', '');
  await clock.pass(3000);
  t.deepEqual(outcomes, ['open /dev/ttyUSB0']);
  link.opened(port('/dev/ttyUSB1'));
  await clock.pass(1);
  t.deepEqual(outcomes, ['open /dev/ttyUSB0', 'open /dev/ttyUSB1']);
});

test('board and modem lines are as recorded; writes are discarded', async (t) => {
  const { clock, link, open } = fixture();
  link.opened({ name: 'a', identity: 'usb:1', hasLines: true });
  const opened = open();
  await clock.pass(200);
  const given = await opened;
  t.is(given?.identity, 'usb:1');
  await t.notThrowsAsync(
    Promise.all([given?.setLines?.({ dtr: true, rts: true }), given?.write(Buffer.from('x'))]),
  );
  link.closed('hungUp', '');
  link.opened(port());
  const second = open();
  await clock.pass(200);
  t.is((await second)?.setLines, undefined);
});

test('a pause between two attempts is cut short when the recording has the next attempt', async (t) => {
  const { clock, link, outcomes, open } = fixture();
  const stop = link.watchForDevices(() => void open());
  link.opened(port());
  await clock.pass(0);
  await clock.pass(0);
  t.deepEqual(outcomes, ['open /dev/ttyUSB0']);
  stop();
  link.closed('no such reason', '');
  link.opened(port());
  await clock.pass(0);
  t.deepEqual(outcomes, ['open /dev/ttyUSB0', 'closed hungUp']);
});
