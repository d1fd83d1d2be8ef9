import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { readFilter } from '../../src/cli/commands/watch/watch-filter.js';
import { formatAddress, parseNode, parseNumberOrName } from '../../src/cli/text/address.js';
import { formatBytes, parseHex } from '../../src/cli/text/hex.js';
import { parseSeconds, parseWhole } from '../../src/cli/text/numbers.js';

const isRefused = (run: () => unknown) => {
  try {
    run();
    return false;
  } catch (error) {
    return error instanceof MeshgateError && error.code === 'BAD_USAGE';
  }
};

test('a node is given as a number in decimal or hex, or by name', (t) => {
  for (const text of ['5', '0x5', '0x0005', '0X5', '005']) t.is(parseNode(text), 5);
  t.is(parseNode('0'), 0);
  t.is(parseNode('0x7FFF'), 0x7fff);
  t.is(parseNode('Node-5'), 'Node-5');
  t.is(parseNode('5a'), '5a');
  for (const text of ['0x8000', '40000', '', ' '])
    t.true(
      isRefused(() => parseNode(text)),
      text,
    );
  t.is(parseNumberOrName('0x45'), 0x45);
  t.is(parseNumberOrName('Echo'), 'Echo');
  t.is(formatAddress(5, undefined), '0x0005');
});

test('bytes are given as hex, with or without separators', (t) => {
  for (const text of ['45010a', '45010A', '0x45010a', '45 01 0a', '45:01:0a']) t.is(parseHex(text), '45010a');
  for (const text of ['', '4', '450', 'xx', '45-01'])
    t.true(
      isRefused(() => parseHex(text)),
      text,
    );
});

test('bytes are shown as hex, with their text where they are text', (t) => {
  t.is(formatBytes('68690a'), '68690a');
  t.is(formatBytes('6869'), '6869 "hi"');
  t.is(formatBytes(''), '(empty)');
});

test('numbers are checked', (t) => {
  t.is(parseSeconds(undefined), undefined);
  t.is(parseSeconds('1.5'), 1500);
  for (const text of ['0', '-1', 'x', '', '1e3'])
    t.true(
      isRefused(() => parseSeconds(text)),
      text,
    );
  t.is(parseWhole('3', 1, 'count'), 3);
  for (const text of ['0', '-1', '1.5', 'x', '', '99999999999999999999']) {
    t.true(
      isRefused(() => parseWhole(text, 1, 'count')),
      text,
    );
  }
});

test('a filter shows only events that have the field it filters by', (t) => {
  t.is(readFilter({}).kinds, undefined);
  t.deepEqual(readFilter({ opcode: ['Echo', '0x41'] }), {
    kinds: ['message'],
    opcodes: ['Echo', 0x41],
    snapshot: false,
  });
  t.deepEqual(readFilter({ type: ['GPS'], node: ['5', 'pump'] }), {
    kinds: ['value'],
    nodes: [5, 'pump'],
    types: ['GPS'],
    snapshot: false,
  });
  t.deepEqual(readFilter({ node: ['5'] }).kinds, ['message', 'value', 'node', 'delivery', 'alarm']);
  t.deepEqual(readFilter({ kind: ['link'], node: ['5'] }).kinds, ['link']);
  t.is(readFilter({ since: '7' }).since, 7);
  t.true(isRefused(() => readFilter({ since: 'x' })));
});
