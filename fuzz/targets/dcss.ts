/** Bytes of a DCSS or of a hardware server: any split gives the same messages, no more than one is held, and what is read can be written. */
import fc from 'fast-check';
import { encodeMessage } from '../../src/codecs/dcss/frame.js';
import { FrameReader, type Received } from '../../src/codecs/dcss/frame-reader.js';
import { readFromHardware, writeFromHardware } from '../../src/codecs/dcss/from-hardware.js';
import { readToHardware, TO_HARDWARE, writeToHardware } from '../../src/codecs/dcss/to-hardware.js';
import { must, type Target } from '../target.js';
import { pieces } from './cuts.js';

const NAMES = Object.keys(TO_HARDWARE);
const text = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.array(fc.constantFrom('phi', '1.5', '0', '1', 'open', 'soft', '1.4', 'x')),
  )
  .map(([name, tokens]) => [name, ...tokens].join(' ').slice(0, 199));

export const dcssTarget: Target = {
  name: 'dcss',
  words: [...NAMES, '          38            0 ', '           5            3 ', '\0', ' ', '\n'],
  inputs: fc
    .array(fc.tuple(text, fc.constantFrom(1 as const, 2 as const)), { maxLength: 8 })
    .map((all) => Buffer.concat(all.map(([one, protocol]) => encodeMessage(one, protocol)))),
  run(input) {
    const whole = read([input]);
    must(JSON.stringify(whole) === JSON.stringify(read(pieces(input))), 'the split matters');
    return [...new Set(whole.map(outcomeOf))].slice(0, 4).join();
  },
};

function read(chunks: Iterable<Buffer>): Received[] {
  const reader = new FrameReader({ protocol: 'auto', fixedFirst: 0, prefixes: ['stoc_', 'stoh_', 'htos_'] });
  const received: Received[] = [];
  for (const chunk of chunks) {
    received.push(...reader.push(chunk));
    must(reader.heldBytes <= 65_536, 'more than a message is held');
  }
  return received;
}

function outcomeOf(received: Received): string {
  if ('fault' in received) return received.fault;
  const message = readToHardware(received.text);
  if (typeof message !== 'string') {
    const again = readToHardware(writeToHardware(message));
    must(
      typeof again !== 'string' && again.name === message.name,
      `${message.name} is not read as it was written`,
    );
    return message.name;
  }
  const other = readFromHardware(received.text);
  if (typeof other === 'string') return `${message} ${other}`;
  must(typeof readFromHardware(writeFromHardware(other)) !== 'string', 'what was written is not read');
  return other.name;
}
