import test from 'ava';
import { type Link, LinkError, type LinkHandlers } from '../../src/link/link.js';
import { recordLink } from '../../src/recorder/record-link.js';
import { RecorderFixture, textsOf } from '../support/recordings.js';

const IGNORED: LinkHandlers = { onBytes() {}, onClosed() {} };

function fakeLink(written: string[] = []): Link {
  return {
    name: '/dev/ttyUSB0',
    write: async (bytes) => void written.push(bytes.toString()),
    close: async () => {},
  };
}

test('bytes through a link are recorded and passed on unchanged', async (t) => {
  const fixture = new RecorderFixture();
  const [written, heard, ends]: [string[], string[], string[]] = [[], [], []];
  let inner = IGNORED;
  const open = recordLink(async (handlers) => {
    inner = handlers;
    return fakeLink(written);
  }, fixture.recorder.link('root'));
  const link = await open({
    onBytes: (chunk) => heard.push(chunk.toString()),
    onClosed: (reason, detail) => ends.push(`${reason} ${detail}`),
  });
  await link.write(Buffer.from('NINFO'));
  inner.onBytes(Buffer.from('abc'));
  inner.onClosed('hungUp', 'EIO');
  await link.close();
  t.deepEqual([written, heard, ends], [['NINFO'], ['abc'], ['hungUp EIO']]);
  t.deepEqual(textsOf(fixture.entries()), [
    'link',
    'opened /dev/ttyUSB0',
    `toRoot ${Buffer.from('NINFO').toString('hex')}`,
    'fromRoot 616263',
    'closed hungUp|EIO',
  ]);
});

test('a link that the gateway closes is recorded as closed, once', async (t) => {
  const fixture = new RecorderFixture();
  const link = await recordLink(async () => fakeLink(), fixture.recorder.link('root'))(IGNORED);
  await link.close();
  await link.close();
  t.deepEqual(textsOf(fixture.entries()), ['link', 'opened /dev/ttyUSB0', 'closed stopped|']);
});

test('the reason why a link cannot be opened is recorded, and reported as before', async (t) => {
  const fixture = new RecorderFixture();
  const failures = [new LinkError('noPermission', 'EACCES'), new Error('odd')];
  for (const failure of failures) {
    const open = recordLink(async () => Promise.reject(failure), fixture.recorder.link('root'));
    t.is(await t.throwsAsync(open(IGNORED)), failure);
  }
  t.deepEqual(textsOf(fixture.entries()), [
    'link',
    'notOpened noPermission|EACCES',
    'notOpened openFailed|odd',
  ]);
});

test('the board and the modem lines of a link are recorded, and reach the gateway', async (t) => {
  const fixture = new RecorderFixture();
  const set: unknown[] = [];
  const inner: Link = {
    ...fakeLink(),
    identity: 'usb:10c4:ea60:0001',
    setLines: async (lines) => void set.push(lines),
  };
  const link = await recordLink(async () => inner, fixture.recorder.link('root'))(IGNORED);
  t.is(link.identity, 'usb:10c4:ea60:0001');
  await link.setLines?.({ dtr: false, rts: true });
  t.deepEqual(set, [{ dtr: false, rts: true }]);
  t.deepEqual(textsOf(fixture.entries()), [
    'link',
    'opened /dev/ttyUSB0|usb:10c4:ea60:0001|lines',
    'lines \u0000\u0001'.replaceAll('\0', '|'),
  ]);
  const without = await recordLink(async () => fakeLink(), fixture.recorder.link('root'))(IGNORED);
  t.is(without.setLines, undefined);
});

test('bytes that arrive while the link is being opened are recorded too', async (t) => {
  const fixture = new RecorderFixture();
  await recordLink(async (handlers) => {
    handlers.onBytes(Buffer.from('a'));
    return fakeLink();
  }, fixture.recorder.link('root'))(IGNORED);
  t.deepEqual(textsOf(fixture.entries()), ['link', 'fromRoot 61', 'opened /dev/ttyUSB0']);
});
