/** Lines of a session's socket: any split gives the same lines. */
import fc from 'fast-check';
import { LineBuffer } from '../../src/socket/line-buffer.js';
import { must, type Target } from '../target.js';
import { pieces } from './cuts.js';

export const linesTarget: Target = {
  name: 'lines',
  words: ['\n', '\r\n', '{}', '\0'],
  inputs: fc
    .array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 })
    .map((lines) => Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))),
  run(input) {
    const lines: string[] = [];
    const buffer = new LineBuffer((line) => lines.push(line.toString('latin1')));
    for (const piece of pieces(input)) {
      buffer.push(piece);
      must(buffer.length <= input.length, 'more is held than came');
    }
    buffer.finish();
    const expected = input.toString('latin1').split('\n');
    if (expected.at(-1) === '') expected.pop();
    must(JSON.stringify(lines) === JSON.stringify(expected), 'the lines are others');
    return `${Math.min(lines.length, 20)} lines`;
  },
};
