import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import {
  asRootEntries,
  isOfLinks,
  LinkFilter,
  linksOf,
  parseLinks,
  requireLinks,
} from '../../src/recorder/recorded-links.js';
import { type Entry, Recording } from '../../src/recorder/recording.js';
import { Redactor } from '../../src/recorder/redact.js';
import { port, RecorderFixture, textsOf } from '../support/recordings.js';
import { shippedTables } from '../support/tables.js';

const PSU = { name: 'tcp:psu:5025', identity: '', hasLines: false };
/** The kinds of records of version 0.1.0, whose readers skip any other. */
const KINDS_OF_0_1_0 = 14;

/** The root, a client and two devices at once. */
function mixed(): RecorderFixture {
  const fixture = new RecorderFixture();
  const { recorder, clock } = fixture;
  const [root, psu, dmm] = [recorder.link('root'), recorder.link('psu'), recorder.link('dmm')];
  root.opened(port());
  psu.notOpened('refused', 'ECONNREFUSED');
  dmm.opened(port('/dev/ttyUSB1'));
  clock.advance(10);
  root.received(Buffer.from('root 1'));
  psu.opened(PSU);
  psu.sent(Buffer.from('VOLT?'));
  psu.received(Buffer.from('12.0'));
  recorder.client('client 1').asked(Buffer.from('NINFO'));
  dmm.received(Buffer.from('dmm 1'));
  dmm.linesSet({ dtr: true, rts: false });
  recorder.finishBlock();
  clock.advance(10);
  root.sent(Buffer.from('root 2'));
  psu.closed('closedByPeer', 'end of data');
  dmm.received(Buffer.from('dmm 2'));
  return fixture;
}

function linesOf(entries: Iterable<Entry>): string[] {
  return [...entries].map((entry) => {
    const text = entry.payload.toString('latin1').replace(/\0+$/, '').replaceAll('\0', '|');
    return `${entry.link || entry.client}: ${entry.kind} ${text}`.trim();
  });
}

test('several links share a recording; every record names its link', (t) => {
  const recording = mixed().recording();
  t.deepEqual(linesOf(recording.entries()), [
    'root: link',
    'root: opened /dev/ttyUSB0',
    'psu: device psu',
    'psu: deviceNotOpened refused|ECONNREFUSED',
    'dmm: device dmm',
    'dmm: deviceOpened /dev/ttyUSB1',
    'root: fromRoot root 1',
    'psu: deviceOpened tcp:psu:5025',
    'psu: toDevice VOLT?',
    'psu: fromDevice 12.0',
    'client 1: client client 1',
    'client 1: request NINFO',
    'dmm: fromDevice dmm 1',
    'dmm: deviceLines \x01',
    'root: link /dev/ttyUSB0',
    'root: toRoot root 2',
    'psu: device psu|tcp:psu:5025',
    'psu: deviceClosed closedByPeer|end of data',
    'dmm: device dmm|/dev/ttyUSB1',
    'dmm: fromDevice dmm 2',
  ]);
  t.deepEqual(linksOf(recording), ['root', 'psu', 'dmm']);
  t.deepEqual(recording.damage, { bytes: 0, blocks: 0, missing: 0 });
});

test('the root’s records have only kinds that version 0.1.0 reads; those of devices have others', (t) => {
  for (const { channel, link } of mixed().recording().entries()) {
    if (link === 'root') t.is(channel, 0);
    else t.not(channel, 0);
  }
  const bytes = mixed().file();
  const old = new Recording(bytes);
  t.is(bytes.readUInt16BE(8), 1, 'the version of the format');
  const kinds = new Set([...old.entries()].filter(({ link }) => link === 'root').map(({ kind }) => kind));
  t.deepEqual(kinds, new Set(['link', 'opened', 'fromRoot', 'toRoot']));
  t.true(kinds.size <= KINDS_OF_0_1_0);
});

test('replaying the root sees no device; replaying a device sees it as the root', (t) => {
  const recording = mixed().recording();
  t.deepEqual(textsOf(asRootEntries(recording, 'root')), [
    'link',
    'opened /dev/ttyUSB0',
    `fromRoot ${Buffer.from('root 1').toString('hex')}`,
    'client client 1',
    `request ${Buffer.from('NINFO').toString('hex')}`,
    'link /dev/ttyUSB0',
    `toRoot ${Buffer.from('root 2').toString('hex')}`,
  ]);
  t.deepEqual(textsOf(asRootEntries(recording, 'psu')), [
    'link',
    'notOpened refused|ECONNREFUSED',
    'opened tcp:psu:5025',
    `toRoot ${Buffer.from('VOLT?').toString('hex')}`,
    `fromRoot ${Buffer.from('12.0').toString('hex')}`,
    'link tcp:psu:5025',
    'closed closedByPeer|end of data',
  ]);
  t.deepEqual(textsOf(asRootEntries(recording, 'none')), []);
});

test('a recording is reduced to some of its links; each block can still be read alone', (t) => {
  const fixture = mixed();
  const { blocks } = fixture.recorder.read({}, Number.POSITIVE_INFINITY);
  const reduced = (...names: string[]) => new Recording(new LinkFilter(new Set(names)).filter(blocks));
  t.deepEqual(linesOf(reduced('psu').entries()), [
    'root: link',
    'psu: device psu',
    'psu: deviceNotOpened refused|ECONNREFUSED',
    'psu: deviceOpened tcp:psu:5025',
    'psu: toDevice VOLT?',
    'psu: fromDevice 12.0',
    'root: link /dev/ttyUSB0',
    'psu: device psu|tcp:psu:5025',
    'psu: deviceClosed closedByPeer|end of data',
  ]);
  t.deepEqual(linksOf(reduced('root')), ['root']);
  t.deepEqual(linksOf(reduced('root', 'dmm')), ['root', 'dmm']);
  t.deepEqual(
    [...reduced('root').entries()].filter(({ client }) => client !== ''),
    [],
  );
  const whole = [...fixture.recording().entries()].filter((entry) => isOfLinks(entry, new Set(['dmm'])));
  t.deepEqual(new Set(whole.map(({ link }) => link)), new Set(['dmm']));
});

test('a link that a recording does not have is refused, with those that it has', (t) => {
  const recording = mixed().recording();
  t.notThrows(() => requireLinks(recording, ['root', 'dmm']));
  const error = t.throws(() => requireLinks(recording, ['hv']), { instanceOf: MeshgateError });
  t.like(error, {
    code: 'BAD_USAGE',
    message: 'the recording has no link "hv"',
    hint: 'available: root, psu, dmm',
  });
  t.deepEqual(parseLinks('root, psu,'), new Set(['root', 'psu']));
  t.is(parseLinks(undefined), undefined);
});

test('redacting removes the bytes of devices, except of those that are named', (t) => {
  const { blocks } = mixed().recorder.read({}, Number.POSITIVE_INFINITY);
  const settings = { opcodes: shippedTables.opcodes, openFrameTimeoutMs: 500 };
  const bytesIn = (keptLinks?: ReadonlySet<string>) =>
    [...new Recording(new Redactor({ ...settings, keptLinks }).redact(blocks)).entries()].flatMap(
      ({ kind, link, payload, wholeLength }) =>
        kind === 'fromDevice' || kind === 'toDevice' ? [`${link} ${payload} ${wholeLength}`] : [],
    );
  t.deepEqual(bytesIn(), ['psu  5', 'psu  4', 'dmm  5', 'dmm  5']);
  t.deepEqual(bytesIn(new Set(['dmm'])), ['psu  5', 'psu  4', 'dmm dmm 1 5', 'dmm dmm 2 5']);
});

test('a device that floods is recorded in part, and leaves the root’s records', (t) => {
  const { recorder, clock, recording } = (() => {
    const fixture = new RecorderFixture({ limit: 1_048_576 });
    return { ...fixture, recording: () => fixture.recording() };
  })();
  const [root, psu] = [recorder.link('root'), recorder.link('psu')];
  const chunk = Buffer.alloc(16_384, 'z');
  root.opened(port());
  root.received(Buffer.from('first of the root'));
  let sent = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    clock.advance(10);
    psu.received(chunk);
    sent += chunk.length;
  }
  psu.closed('hungUp', '');
  const entries = [...recording().entries()];
  t.true(textsOf(entries).includes(`fromRoot ${Buffer.from('first of the root').toString('hex')}`));
  const fromPsu = entries.filter(({ kind }) => kind === 'fromDevice');
  const kept = fromPsu.reduce((sum, { payload }) => sum + payload.length, 0);
  const whole = fromPsu.reduce((sum, { wholeLength }) => sum + wholeLength, 0);
  t.is(whole, sent, 'what was left out is counted in the recording');
  t.is(recorder.counters().omittedBytes, sent - kept);
  t.true(kept > 65_536 && kept < 65_536 + 60 * 4096, `${kept} bytes kept`);
  t.true(recorder.counters().heldBytes <= 1_048_576);
  t.is(recorder.counters().droppedBlocks, 0);
});
