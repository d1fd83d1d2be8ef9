import { spawnSync } from 'node:child_process';
import test from 'ava';
import { bytesRepr, localTimeText } from '../../src/history/python-text.js';
import { hasPython } from '../support/program.js';

const REPRS: readonly (readonly [bytes: string, repr: string])[] = [
  ['', "b''"],
  ['\x00\x07\x1f\x7f\x80\xff', "b'\\x00\\x07\\x1f\\x7f\\x80\\xff'"],
  [' A~', "b' A~'"],
  ['\t\n\r', "b'\\t\\n\\r'"],
  ['\\', "b'\\\\'"],
  ["it's", 'b"it\'s"'],
  ['"', "b'\"'"],
  ['\'"', "b'\\'\"'"],
];

for (const [bytes, repr] of REPRS) {
  test(`the bytes ${JSON.stringify(bytes)} are written as ${repr}`, (t) => {
    t.is(bytesRepr(Buffer.from(bytes, 'latin1')), repr);
  });
}

test('a time is local, with six decimals', (t) => {
  const at = new Date(2026, 10, 9, 7, 6, 5, 123).getTime();
  t.is(localTimeText(at), '2026-11-09 07:06:05.123000');
  t.is(localTimeText(at + 0.25), '2026-11-09 07:06:05.123250');
  t.is(localTimeText(at - 123), '2026-11-09 07:06:05.000000');
});

const withPython = hasPython ? test : test.skip;

withPython('Python itself writes bytes and times the same way', (t) => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const some = [all, ...Array.from(all, (byte) => Buffer.from(`'${String.fromCharCode(byte)}`, 'latin1'))];
  const at = 1_795_937_172_123;
  const script = [
    'import sys, datetime',
    'for line in sys.stdin: print(repr(bytes.fromhex(line.strip())))',
    `print(datetime.datetime.fromtimestamp(${at} / 1000))`,
  ].join('\n');
  const input = some.map((bytes) => bytes.toString('hex')).join('\n');
  const { stdout } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
  t.deepEqual(stdout.trim().split('\n'), [...some.map(bytesRepr), localTimeText(at)]);
});
