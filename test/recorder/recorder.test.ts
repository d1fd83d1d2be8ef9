import test from 'ava';
import { readBlock } from '../../src/recorder/block.js';
import { MAX_CLIENT_LENGTH } from '../../src/recorder/recorder.js';
import { Recording } from '../../src/recorder/recording.js';
import { bytesOf } from '../support/hex.js';
import { port, RecorderFixture, textsOf } from '../support/recordings.js';

test('everything is recorded, in order, with its time', (t) => {
  const { clock, recorder, entries } = fixture();
  const start = clock.now();
  recorder.notOpened('noPermission', 'EACCES');
  clock.advance(250.5);
  recorder.opened(port());
  clock.advance(1.25);
  recorder.fromRoot(bytesOf('FF 00 05 41 FE'));
  recorder.toRoot(bytesOf('FF 4E 49 4E 46 4F FE'));
  clock.advance(1000);
  recorder.closed('hungUp', 'EIO');
  t.deepEqual(textsOf(entries()), [
    'link',
    'notOpened noPermission|EACCES',
    'opened /dev/ttyUSB0',
    'fromRoot ff000541fe',
    'toRoot ff4e494e464ffe',
    'closed hungUp|EIO',
  ]);
  t.deepEqual(
    entries().map(({ at }) => at - start),
    [0, 0, 250.5, 251.75, 251.75, 1251.75],
  );
});

test('every block begins with the state of the link, so that it can be read alone', (t) => {
  const { recorder, finished } = fixture();
  const first = () =>
    readBlock(finished.at(-1) ?? Buffer.alloc(0))
      ?.records[0]?.payload.toString()
      .replaceAll('\0', '');
  recorder.opened(port());
  recorder.finishBlock();
  t.is(first(), '');
  recorder.fromRoot(Buffer.from('x'));
  recorder.finishBlock();
  t.is(first(), '/dev/ttyUSB0');
  recorder.closed('hungUp', '');
  recorder.finishBlock();
  t.is(first(), '/dev/ttyUSB0');
  recorder.notOpened('noDevice', '');
  recorder.finishBlock();
  t.is(first(), '');
  recorder.finishBlock();
  t.is(finished.length, 4);
});

test('clients have channels with names; bytes of the classic dialect and JSON texts are distinguished', (t) => {
  const { recorder, entries } = fixture();
  const one = recorder.client('client 1');
  const two = recorder.client('web client 1');
  one.asked(Buffer.from('NINFO'));
  two.asked('{"id":1}');
  two.answered('{"id":1,"result":{}}');
  one.answered(Buffer.from('S'));
  one.ended('answered');
  const recorded = entries().filter(({ kind }) => kind !== 'client' && kind !== 'link');
  t.deepEqual(
    recorded.map(({ kind, client, payload }) => `${client}: ${kind} ${payload}`),
    [
      'client 1: request NINFO',
      'web client 1: call {"id":1}',
      'web client 1: result {"id":1,"result":{}}',
      'client 1: reply S',
      'client 1: ended answered',
    ],
  );
});

test('a client is named once in every block in which it sends something', (t) => {
  const { recorder, entries } = fixture();
  const client = recorder.client('client 1');
  for (const text of ['a', 'b']) client.asked(text);
  recorder.finishBlock();
  client.asked('c');
  t.deepEqual(textsOf(entries()), [
    'link',
    'client client 1',
    'call a',
    'call b',
    'link',
    'client client 1',
    'call c',
  ]);
});

test('a long client message is truncated, and its length recorded', (t) => {
  const { recorder, entries } = fixture();
  const client = recorder.client('client 1');
  client.asked('ä'.repeat(MAX_CLIENT_LENGTH));
  client.answered(Buffer.alloc(10_000_000, 'x'));
  client.answered('y'.repeat(MAX_CLIENT_LENGTH));
  const lengths = entries()
    .slice(2)
    .map(({ payload, wholeLength }) => [payload.length, wholeLength]);
  t.deepEqual(lengths, [
    [MAX_CLIENT_LENGTH, 2 * MAX_CLIENT_LENGTH],
    [MAX_CLIENT_LENGTH, 10_000_000],
    [MAX_CLIENT_LENGTH, MAX_CLIENT_LENGTH],
  ]);
});

test('bytes of the UART are never truncated: they take as many records and blocks as they need', (t) => {
  const { recorder, entries, finished } = fixture();
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
  recorder.fromRoot(bytes.subarray(0, 150_001));
  recorder.fromRoot(bytes.subarray(150_001));
  const read = entries().flatMap(({ kind, payload }) => (kind === 'fromRoot' ? [payload] : []));
  t.true(Buffer.concat(read).equals(bytes));
  t.true(finished.length > 3);
  t.true(finished.every((block) => block.length <= 65_536));
});

test('the ring is bounded: the oldest blocks are dropped entirely, and the newest kept', (t) => {
  const limit = 500_000;
  const { recorder, recording } = fixture({ limit });
  for (let number = 0; number < 100_000; number++) {
    const bytes = Buffer.alloc(30);
    bytes.writeUInt32BE(number);
    recorder.fromRoot(bytes);
  }
  const { heldBytes, droppedBlocks } = recorder.counters();
  t.true(heldBytes <= limit, `${heldBytes}`);
  t.true(droppedBlocks > 10);
  const numbers = [...recording().entries()].flatMap(({ kind, payload }) =>
    kind === 'fromRoot' ? [payload.readUInt32BE()] : [],
  );
  t.is(numbers.at(-1), 99_999);
  t.is(numbers.length, 100_000 - (numbers[0] ?? 0));
  t.true(numbers.length * 36 > limit * 0.8, `${numbers.length} records are held`);
});

test('quiet seconds finished one by one use no more memory than the limit', (t) => {
  const { recorder } = fixture({ limit: 131_072 });
  for (let second = 0; second < 2000; second++) {
    recorder.fromRoot(Buffer.from('x'));
    recorder.finishBlock();
  }
  const { heldBlocks, heldBytes } = recorder.counters();
  t.true(heldBytes <= 131_072);
  t.true(heldBlocks < 131_072 / 256, `${heldBlocks} blocks are held`);
});

test('a block is finished when it is a minute old', (t) => {
  const { clock, recorder, finished } = fixture();
  recorder.fromRoot(Buffer.from('a'));
  clock.advance(59_000);
  recorder.fromRoot(Buffer.from('b'));
  t.is(finished.length, 0);
  clock.advance(2_000);
  recorder.fromRoot(Buffer.from('c'));
  t.is(finished.length, 1);
});

test('setting the host clock is recorded, and later times are by the new one', (t) => {
  const { clock, recorder, entries } = fixture();
  const start = clock.now();
  recorder.fromRoot(Buffer.from('a'));
  clock.advance(1000);
  clock.setHostClock(start + 9_000_000);
  recorder.fromRoot(Buffer.from('b'));
  clock.advance(500);
  recorder.fromRoot(Buffer.from('c'));
  clock.setHostClock(start - 70_000);
  recorder.fromRoot(Buffer.from('d'));
  const recorded = entries().slice(1);
  t.deepEqual(
    recorded.map(({ kind, at, us }) => [kind, at - start, us]),
    [
      ['fromRoot', 0, 0],
      ['clock', 9_000_000, 1_000_000],
      ['fromRoot', 9_000_000, 1_000_000],
      ['fromRoot', 9_000_500, 1_500_000],
      ['clock', -70_000, 1_500_000],
      ['fromRoot', -70_000, 1_500_000],
    ],
  );
});

test('a recording is read page by page; a cursor continues after the last block read', (t) => {
  const { recorder } = fixture();
  for (let number = 0; number < 10; number++) {
    recorder.fromRoot(Buffer.alloc(20_000, number));
    recorder.finishBlock();
  }
  const numbers: number[] = [];
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = recorder.read({ after }, 50_000);
    t.true(page.blocks.length <= 50_000);
    t.is(page.missed, 0);
    for (const { payload } of new Recording(page.blocks).entries())
      if (payload.length > 0) numbers.push(payload[0] ?? -1);
    ({ cursor: after, more } = page);
  }
  t.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.like(recorder.read({ after }, 50_000), {
    blocks: Buffer.alloc(0),
    more: false,
    missed: 0,
    cursor: after,
  });
  recorder.fromRoot(Buffer.from('later'));
  t.true(recorder.read({ after }, 50_000).blocks.includes('later'));
});

test('a reader that is too slow learns how many blocks it has missed', (t) => {
  const { recorder } = fixture({ limit: 131_072 });
  recorder.fromRoot(Buffer.from('first'));
  const { cursor } = recorder.read({}, 1000);
  for (let number = 0; number < 20; number++) {
    recorder.fromRoot(Buffer.alloc(20_000));
    recorder.finishBlock();
  }
  const { heldBlocks } = recorder.counters();
  t.is(recorder.read({ after: cursor }, 1).missed, 20 - heldBlocks);
});

test('the cursor of an earlier run returns everything, and is reported; an invalid one does no harm', (t) => {
  const { recorder } = fixture();
  recorder.fromRoot(Buffer.from('abc'));
  const page = recorder.read({ after: 'otherrun:99' }, 1000);
  t.is(page.missed, null);
  t.true(page.blocks.includes('abc'));
  const ahead = recorder.read({ after: `${recorder.run}:5000` }, 1000);
  t.like(ahead, { more: false, blocks: Buffer.alloc(0) });
});

test('for the last minutes only blocks that reach into them are returned', (t) => {
  const { clock, recorder } = fixture();
  for (let minute = 0; minute < 10; minute++) {
    recorder.fromRoot(Buffer.of(minute));
    clock.advance(30_000);
    recorder.finishBlock();
    clock.advance(30_000);
  }
  const minutesOf = (lastMs: number) =>
    [...new Recording(recorder.read({ lastMs }, 100_000).blocks).entries()].flatMap(({ payload }) => [
      ...payload,
    ]);
  t.deepEqual(minutesOf(3 * 60_000), [7, 8, 9]);
  t.deepEqual(minutesOf(3_600_000), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.is(recorder.read({ lastMs: 1000 }, 1000).blocks.length, 0);
});

function fixture(options?: ConstructorParameters<typeof RecorderFixture>[0]) {
  const made = new RecorderFixture(options);
  return {
    clock: made.clock,
    recorder: made.recorder,
    finished: made.finished,
    entries: () => made.entries(),
    recording: () => made.recording(),
  };
}
