import test from 'ava';
import fc from 'fast-check';
import {
  encodePacket,
  MAX_PACKET_LENGTH,
  PacketDecoder,
  parsePacket,
} from '../../../src/codecs/hev/packet.js';

function read(...chunks: readonly Buffer[]) {
  const packets: (string | undefined)[] = [];
  let tooLong = 0;
  const decoder = new PacketDecoder({ onPacket: (text) => packets.push(text), onTooLong: () => tooLong++ });
  for (const chunk of chunks) decoder.push(chunk);
  return { packets, tooLong, isOpen: decoder.isOpen };
}

test('any packets in any chunks are read as they were written', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string(), fc.string()), { maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      (given, size) => {
        const wire = Buffer.concat(given.map(encodePacket));
        const chunks = [];
        for (let from = 0; from < wire.length; from += size) chunks.push(wire.subarray(from, from + size));
        t.deepEqual(
          read(...chunks).packets.map((text) => JSON.parse(text ?? '')),
          given.map((packet) => JSON.parse(JSON.stringify(packet))),
        );
      },
    ),
  );
});

test('a packet is ASCII and ends with one NUL', (t) => {
  t.is(encodePacket({ name: 'Zoë\0' }).toString('latin1'), '{"name":"Zo\\u00eb\\u0000"}\0');
});

test('bare words for floats that are no numbers become null, and texts stay', (t) => {
  t.deepEqual(parsePacket('{"a":NaN,"b":-Infinity,"c":[Infinity],"d":"NaN \\" Infinity","Infinity":1}'), {
    a: null,
    b: null,
    c: [null],
    d: 'NaN " Infinity',
    Infinity: 1,
  });
  t.throws(() => parsePacket('{"a":Nan}'), { instanceOf: SyntaxError });
});

test('a packet without an end is given up at the limit, and the next one is read', (t) => {
  const flood = Buffer.alloc(MAX_PACKET_LENGTH + 1, 0x20);
  t.deepEqual(read(flood, flood, Buffer.from('\0{}\0')), { packets: ['{}'], tooLong: 1, isOpen: false });
});

test('bytes that are not UTF-8 are reported as such', (t) => {
  t.deepEqual(read(Buffer.of(0x22, 0xff, 0x22, 0)).packets, [undefined]);
});
