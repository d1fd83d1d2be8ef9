import test from 'ava';
import fc from 'fast-check';
import { cleanText } from '../../src/base/clean-text.js';

const CASES: readonly (readonly [string, string, string])[] = [
  ['plain text is unchanged', 'heap is low', 'heap is low'],
  ['letters beyond ASCII are kept', '20 °C, Łódź, 東京, 🙂', '20 °C, Łódź, 東京, 🙂'],
  ['colours are removed', '\x1b[1;31mred\x1b[0m', 'red'],
  ['terminal commands are removed', '\x1b[2J\x1b[Hhome', 'home'],
  ['a window title is removed', '\x1b]0;owned\x07text', 'text'],
  ['line ends become one space', 'one\r\n\ntwo', 'one two'],
  ['other control characters become a space', 'a\x00\x08b\x7fc', 'a b c'],
  ['line separators of Unicode become a space', 'a\u2028b\u2029c', 'a b c'],
  ['bidirectional control characters become a space', 'a\u202eb\u2066c', 'a b c'],
  ['leading and trailing blanks are removed', '\t text \n', 'text'],
];

for (const [name, text, expected] of CASES) {
  test(`${name}`, (t) => {
    t.is(cleanText(text), expected);
  });
}

test('no text keeps a control character', (t) => {
  const unit = fc.oneof(
    fc.constantFrom('\x1b', '[', ']', '\x07', '\x9b', '\n', '0', 'm', '\u202e'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(unit), (units) => {
      const cleaned = cleanText(units.join(''));
      const codes = [...cleaned].map((character) => character.codePointAt(0) as number);
      return codes.every((code) => code >= 0x20 && !(code >= 0x7f && code <= 0x9f));
    }),
  );
  t.pass();
});
