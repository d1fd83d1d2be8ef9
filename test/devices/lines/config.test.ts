import test from 'ava';
import { addressOfId, typeIdOfName } from '../../../src/devices/identity.js';
import { compilePattern } from '../../../src/devices/lines/pattern.js';
import { InstrumentFixture } from '../../support/instrument-fixture.js';

const HEAD = '[[device]]\nid = "dmm"\nkind = "lines"\nport = "/dev/ttyS9"\n';
const message = (more: string) => `${HEAD}[[device.message]]\ntype = "Volt"\n${more}\n`;
const command = (more: string) => `${HEAD}[[device.command]]\nname = "go"\n${more}\n`;

/** Settings that are refused, with the beginning of the message or a pattern for it. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['an unknown kind', HEAD.replace('lines', 'magic'), /^device\.0\.kind = "magic": must be demo or lines/],
  ['auto as a port', HEAD.replace('/dev/ttyS9', 'auto'), /^device\.0\.port = "auto": must be a path/],
  ['a TCP port out of range', HEAD.replace('/dev/ttyS9', 'tcp:a:99999'), /^device\.0\.port/],
  ['an id with a blank', HEAD.replace('dmm', 'd mm'), /^device\.0\.id = "d mm": /],
  ['the id of another source', HEAD.replace('dmm', 'mesh'), /^device\.0\.id = "mesh": /],
  [
    'two devices with one id',
    HEAD + HEAD.replace('dmm', 'DMM'),
    /^device\.1\.id = "DMM": another device has/,
  ],
  [
    'two devices with one address',
    `${HEAD}address = 0x30001\n${HEAD.replace('dmm', 'b')}address = 0x30001\n`,
    /^device\.1\.id = "b": has the same address as dmm/,
  ],
  ['an unknown setting', `${HEAD}bauds = 9600\n`, /^device\.0\.bauds: unknown setting/],
  ['no way to read', message(''), /^device\.0\.message\.0 = \[\]: needs exactly one of regex, columns/],
  ['two ways to read', message(`regex = '(?<v>.)'\njson = true`), /needs exactly one of/],
  [
    'a pattern that is not valid',
    message(`regex = '(?<v>'`),
    /^device\.0\.message\.0\.regex = .*not a valid regular/,
  ],
  ['look-around', message(`regex = '(?<v>.)(?=x)'`), /RE2 syntax: no look-around/],
  ['no named groups', message(`regex = '(.)'`), /needs a named group/],
  [
    'a field from nowhere',
    message(`regex = '(?<v>.)'\nfields = { w = {} }`),
    /^device\.0\.message\.0\.fields\.w = "w": available: v/,
  ],
  ['JSON without fields', message('json = true'), /needs at least one field/],
  [
    'one type with two kinds of fields',
    `${message(`regex = '(?<v>.)'`)}[[device.message]]\ntype = "Volt"\nregex = '(?<w>.)'\n`,
    /^device\.0\.message\.1\.type = "Volt": another message of device\.0 has this type with other fields/,
  ],
  [
    'the name of a type of the mesh',
    message(`regex = '(?<v>.)'`).replace('"Volt"', '"GPS"'),
    /already taken/,
  ],
  [
    'a sample that does not match',
    message(`regex = '^V(?<v>\\d+)$'\nsamples = ["V1", { line = "U2", fields = { v = 2 } }]`),
    /^device\.0\.message\.0\.samples\.1 = "U2": not read by regex \^V\(\?<v>\\d\+\)\$; expected v = 2/,
  ],
  [
    'a sample with another value',
    message(
      `regex = '^V(?<v>\\d+)$'\nfields = { v = { scale = 0.1 } }\nsamples = [{ line = "V25", fields = { v = 25 } }]`,
    ),
    /samples\.0 = "V25": v is 2\.5 by regex .*; expected 25/,
  ],
  [
    'a sample whose field is not a number',
    message(`regex = '^V(?<v>.*)$'\nsamples = ["Vx"]`),
    /samples\.0 = "Vx": v is not valid in regex/,
  ],
  [
    'a sample that an earlier message reads',
    `${message(`regex = '(?<v>\\d)'`)}[[device.message]]\ntype = "Amp"\nregex = 'A(?<a>\\d)'\nsamples = ["A1"]\n`,
    /^device\.0\.message\.1\.samples\.0 = "A1": read by device\.0\.message\.0 first/,
  ],
  [
    'a poll with a type and no pattern',
    `${HEAD}[[device.poll]]\nsend = "X"\ntype = "Volt"\n`,
    /^device\.0\.poll\.0\.type/,
  ],
  ['a command that ends a line', command('send = "a\\nb"'), /^device\.0\.command\.0\.send .*must/],
  [
    'a number without limits',
    command('send = "V {v}"\narguments = [{ name = "v", min = 0 }]'),
    /a number needs min and max/,
  ],
  [
    'a text without a limit',
    command('send = "V {v}"\narguments = [{ name = "v", type = "text" }]'),
    /a text needs max/,
  ],
  [
    'an argument that is not sent',
    command('send = "V"\narguments = [{ name = "v", min = 0, max = 1 }]'),
    /the argument v is not used/,
  ],
  ['an argument that is not known', command('send = "V {w}"'), /\{w\} is not an argument/],
  ['a brace that is not closed', command('send = "V {w"'), /is not \{NAME\}/],
  [
    'an error without a reply',
    command(`send = "V"\nerror = 'x'`),
    /^device\.0\.command\.0\.error = "x": needs reply/,
  ],
  [
    'a choice without choices',
    command('send = "V {v}"\narguments = [{ name = "v", type = "choice" }]'),
    /a choice, and nothing else, has choices/,
  ],
];

for (const [what, toml, expected] of REFUSED) {
  test(`refused: ${what}`, async (t) => {
    const error = await t.throwsAsync(() => InstrumentFixture.load(toml), { code: 'BAD_CONFIG' });
    t.regex(error?.message ?? '', expected);
  });
}

test('a sample is compared as clients see it: scaled, an enumeration by number or name', async (t) => {
  await t.notThrowsAsync(() =>
    InstrumentFixture.load(
      message(
        `regex = '^(?<v>\\d+) (?<s>\\d)$'\nfields = { v = { scale = 0.1 }, s = { type = "integer", names = { 1 = "ON" } } }
samples = ["1 1", { line = "25 1", fields = { v = 2.5, s = "ON" } }, { line = "25 1", fields = { s = 1 } }]`,
      ),
    ),
  );
});

test('addresses and ids of types follow from names alone: history refers to them', (t) => {
  t.is(addressOfId('dmm'), addressOfId('DMM'));
  t.deepEqual(
    [addressOfId('dmm'), addressOfId('bench'), typeIdOfName('Voltage')],
    [4803061, 10141369, 16229],
  );
});

test('a pattern takes time in proportion to the line, whatever it is', (t) => {
  const evil = compilePattern('x', '^(?<x>(a+)+)$');
  const line = `${'a'.repeat(4096)}!`;
  const startedAt = performance.now();
  t.is(evil.match(line), undefined);
  t.true(performance.now() - startedAt < 5000);
  t.deepEqual(evil.match('aaa'), { x: 'aaa' });
});
