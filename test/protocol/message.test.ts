import test from 'ava';
import fc from 'fast-check';
import { goesToListeners } from '../../src/network/message-handlers.js';
import { addressBytes } from '../../src/protocol/address.js';
import { decodeValue } from '../../src/protocol/data-types.js';
import {
  BATCH_SIZE,
  decodeMessage,
  describeMessage,
  encodeData,
  encodeMessage,
  encodeNetInfo,
  encodePathInfo,
  encodeText,
  type ListedNode,
  MALFORMED_REASONS,
  type Message,
  messageName,
  type ReportedValue,
} from '../../src/protocol/message.js';
import { addressText, bytesOf, hexOf } from '../support/hex.js';
import { loadTables, OPCODES_FILE, readTable, shippedTables, temporaryFile } from '../support/tables.js';
import { type MessageSays, messageVectors } from '../support/vectors.js';

type Says<Kind extends MessageSays['kind']> = Extract<MessageSays, { kind: Kind }>;

const { opcodes, dataTypes } = shippedTables;

for (const { name, body, says, listeners } of messageVectors) {
  test(`decoding matches the wire book: ${name}`, (t) => {
    const message = decodeMessage(bytesOf(body), shippedTables);
    t.deepEqual(saidBy(message), says);
    t.is(goesToListeners(message), listeners);
  });
}

for (const { name, body, says, direction } of messageVectors) {
  if (direction === 'both') {
    test(`encoding matches the wire book: ${name}`, (t) => {
      t.is(hexOf(encode(says)), hexOf(bytesOf(body)));
    });
  }
}

test('the wire book has every opcode, and every way to be malformed', (t) => {
  const names = new Set(messageVectors.flatMap(({ says }) => ('opcode' in says ? [says.opcode] : [])));
  const reasons = new Set(messageVectors.flatMap(({ says }) => ('reason' in says ? [says.reason] : [])));
  t.deepEqual(
    [...names].sort(),
    opcodes
      .messages()
      .map((opcode) => opcode.name)
      .sort(),
  );
  t.deepEqual([...reasons].sort(), Object.keys(MALFORMED_REASONS).sort());
});

test('a message keeps its body so that it can be passed on unchanged', (t) => {
  for (const { body } of messageVectors) {
    const bytes = bytesOf(body);
    t.is(decodeMessage(bytes, shippedTables).body, bytes);
  }
});

test('every message cut at any byte is decoded or refused, never misread as longer than it is', (t) => {
  for (const { body } of messageVectors) {
    const bytes = bytesOf(body);
    for (let length = 0; length < bytes.length; length++) {
      const message = decodeMessage(bytes.subarray(0, length), shippedTables);
      if (message.kind === 'malformed') t.true(message.offset <= length);
    }
  }
  t.pass();
});

test('no bytes make the decoder throw, and a malformed body is reported with an offset inside it', (t) => {
  const known = fc.constantFrom(...opcodes.messages().map(({ opcode }) => opcode));
  const sender = fc.constantFrom(0x0000, 0x0001, 0x0005, 0x7fff, 0x8000);
  const likely = fc
    .tuple(sender, known, fc.uint8Array({ maxLength: 60 }))
    .map(([from, opcode, payload]) => encodeMessage(from, opcode, payload));
  const anything = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(likely, anything), (body) => {
      const message = decodeMessage(body, shippedTables);
      messageName(message);
      if (message.kind === 'values') for (const { type, bytes } of message.values) decodeValue(type, bytes);
      return message.kind !== 'malformed' || message.offset <= body.length;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('no JSON report makes the decoder throw, whatever its members are', (t) => {
  const report = dataTypes.findByName('Report');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (members) => {
      const body = Buffer.concat([addressBytes(5), Buffer.from(JSON.stringify(members))]);
      const message = decodeMessage(body, shippedTables);
      if (message.kind === 'malformed') return body.length > 2 + (report?.length ?? 0);
      if (message.kind !== 'values') return false;
      for (const { type, bytes } of message.values) JSON.stringify(decodeValue(type, bytes));
      return message.values.length === 1;
    }),
  );
  t.pass();
});

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const listedNode = fc.record({ address: fc.integer({ min: 1, max: 0x7fff }), uuid });

test('any Net Info of up to 40 nodes survives a round trip', (t) => {
  const nodes = fc.array(listedNode, { maxLength: BATCH_SIZE });
  fc.assert(
    fc.property(nodes, (list) => {
      const message = decodeMessage(encodeMessage(0, 0x01, encodeNetInfo(list)), shippedTables);
      t.deepEqual(message.kind === 'netInfo' && message.nodes, list);
    }),
  );
});

test('a full batch of 40 nodes is the firmware’s longest body: 724 bytes', (t) => {
  const nodes: ListedNode[] = Array.from({ length: BATCH_SIZE }, (_, index) => ({
    address: 5 + index,
    uuid: Buffer.alloc(16, index),
  }));
  const body = encodeMessage(0, 0x01, encodeNetInfo(nodes));
  t.is(body.length, 724);
  t.is(decodeMessage(body, shippedTables).kind, 'netInfo');
});

test('any Data message of any types of fixed length survives a round trip', (t) => {
  const types = dataTypes.all().filter(({ varying }) => !varying);
  const value = fc
    .constantFrom(...types)
    .chain((type) =>
      fc
        .uint8Array({ minLength: type.length, maxLength: type.length })
        .map((bytes): ReportedValue => ({ type, bytes: Buffer.from(bytes) })),
    );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 20 }), (values) => {
      const message = decodeMessage(encodeMessage(5, 0x44, encodeData(values)), shippedTables);
      t.deepEqual(message.kind === 'values' && message.values, values);
    }),
  );
});

test('one extra or missing byte makes a Data message malformed entirely', (t) => {
  const good = bytesOf('00 05 44 02 00 07 01 6D 61 00 0A EB 00');
  t.is(decodeMessage(good.subarray(0, -1), shippedTables).kind, 'malformed');
  t.is(decodeMessage(Buffer.concat([good, Buffer.of(0)]), shippedTables).kind, 'malformed');
});

test('a site’s own opcode is defined by one line of JSON, and stored as its data type', (t) => {
  const table = readTable(OPCODES_FILE);
  const types = temporaryFile(t, 'data-types.json', {
    types: [
      ...(readTable(OPCODES_FILE.replace('opcodes', 'data-types')).types ?? []),
      { name: 'Wind', id: 40, length: 2, fields: [{ name: 'speed', type: 'u16', endian: 'be', scale: 0.1 }] },
    ],
  });
  table.messages?.push({ opcode: '0x57', name: 'Wind', from: ['node'], storeAs: 'Wind', listeners: true });
  const tables = loadTables(temporaryFile(t, 'opcodes.json', table), types);
  const body = bytesOf('00 05 57 00 7B');
  t.like(saidBy(decodeMessage(body, tables)), {
    kind: 'values',
    opcode: 'Wind',
    values: [{ type: 'Wind', bytes: '00 7B', fields: { speed: 12.3 } }],
  });
  t.is(decodeMessage(body, shippedTables).kind, 'unknown');
});

test('logs name a message by its sender and its kind', (t) => {
  const described = ['00 05 44 00', '00 05 99 00', '00 05', '00 00 0A'].map((hex) =>
    describeMessage(decodeMessage(bytesOf(hex), shippedTables)),
  );
  t.deepEqual(described, ['0x0005 Data', '0x0005 Unknown 0x99', '0x0000 Malformed', '0x0000 Text']);
});

/** A message in the notation of the wire book. */
function saidBy(message: Message): unknown {
  const { body: _, from, ...content } = message;
  return { from: addressText(from), ...content, ...(opcodeOf(message) ?? {}), ...payloadOf(message) };
}

function opcodeOf(message: Message): { opcode: string } | undefined {
  return 'opcode' in message ? { opcode: message.opcode.name } : undefined;
}

function payloadOf(message: Message): object {
  switch (message.kind) {
    case 'text':
      return message.complaintAbout === undefined
        ? {}
        : { complaintAbout: addressText(message.complaintAbout) };
    case 'netInfo':
      return { nodes: message.nodes.map(writtenNode) };
    case 'nodeInfo':
      return { node: writtenNode(message.node) };
    case 'pathInfo':
      return {
        paths: message.paths.map(({ origin, target }) => ({
          origin: addressText(origin),
          target: addressText(target),
        })),
      };
    case 'values':
      return { values: message.values.map(writtenValue) };
    case 'opaque':
      return { payload: hexOf(message.payload) };
    case 'unknown':
      return { code: hexOf(Buffer.of(message.code)) };
    default:
      return {};
  }
}

function writtenNode({ address, uuid: bytes }: ListedNode): object {
  return { address: addressText(address), uuid: hexOf(bytes) };
}

function writtenValue({ type, bytes, deviceTime }: ReportedValue): object {
  const fields = Object.entries(decodeValue(type, bytes)).map(([name, { value }]) => [name, value]);
  const written = { type: type.name, bytes: hexOf(bytes), fields: Object.fromEntries(fields) };
  return deviceTime === undefined ? written : { ...written, deviceTime: new Date(deviceTime).toISOString() };
}

function encode(says: MessageSays): Buffer {
  const from = Number.parseInt(says.from, 16);
  if (says.kind === 'text') return encodeText(from, says.text);
  if (says.kind === 'unknown' || says.kind === 'malformed') throw new Error(`nobody encodes ${says.kind}`);
  const opcode = opcodes.findMessageByName(says.opcode);
  if (!opcode) throw new Error(`opcodes.json has no ${says.opcode}`);
  const payload = encodePayload(says);
  return encodeMessage(from, opcode.opcode, opcode.opcodeIsPayload ? payload.subarray(1) : payload);
}

function encodePayload(says: Exclude<MessageSays, { kind: 'text' | 'unknown' | 'malformed' }>): Buffer {
  switch (says.kind) {
    case 'netInfo':
      return encodeNetInfo(says.nodes.map(readNode));
    case 'nodeInfo':
      return says.from === says.node.address ? bytesOf(says.node.uuid) : bytesOf(writeNode(says.node));
    case 'pathInfo':
      return encodePathInfo(
        says.paths.map(({ origin, target }) => ({
          origin: Number.parseInt(origin, 16),
          target: Number.parseInt(target, 16),
        })),
      );
    case 'rootReset':
      return Buffer.from(says.text);
    case 'values':
      return encodeValues(says);
    case 'opaque':
      return bytesOf(says.payload);
  }
}

function encodeValues({ opcode, values }: Says<'values'>): Buffer {
  const known = values.map(({ type: name, bytes }) => {
    const type = dataTypes.findByName(name);
    if (!type) throw new Error(`data-types.json has no ${name}`);
    return { type, bytes: bytesOf(bytes) };
  });
  if (opcodes.findMessageByName(opcode)?.payload === 'data') return encodeData(known);
  return Buffer.concat(known.map(({ bytes }) => bytes));
}

function readNode({ address, uuid: bytes }: Says<'nodeInfo'>['node']): ListedNode {
  return { address: Number.parseInt(address, 16), uuid: bytesOf(bytes) };
}

function writeNode({ address, uuid: bytes }: Says<'nodeInfo'>['node']): string {
  return `${address.slice(0, 2)} ${address.slice(2)} ${bytes}`;
}
