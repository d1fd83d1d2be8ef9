/** Bodies from the root and to it. */
import fc from 'fast-check';
import { describeEvent } from '../../src/api/describe.js';
import { decodeMessage, describeMessage } from '../../src/protocol/message.js';
import { decodeRootCommand, encodeRootCommand } from '../../src/protocol/root-command.js';
import { NetworkFixture } from '../../test/support/network-fixture.js';
import { shippedTables } from '../../test/support/tables.js';
import { must, type Target } from '../target.js';

const opcodes = shippedTables.opcodes.messages().map(({ opcode }) => opcode);
const body = fc
  .tuple(
    fc.constantFrom(0, 1, 5, 0x7fff, 0x8000),
    fc.oneof(fc.constantFrom(...opcodes), fc.nat(255)),
    fc.uint8Array({ maxLength: 80 }),
  )
  .map(([from, opcode, payload]) => Buffer.concat([Buffer.of(from >> 8, from & 0xff, opcode), payload]));

/** Shared by all inputs, so that growth would be noticed. */
const mesh = new NetworkFixture({ maxNodes: 100, eventsHeld: 100 });
mesh.link('probing');

export const messagesTarget: Target = {
  name: 'messages',
  words: [
    ...opcodes.map((opcode) => Buffer.of(opcode)),
    '{"node":5,"gps_time":1,"lat":1,"lon":2}\n',
    'Error: ',
  ],
  inputs: body,
  run(input) {
    const message = decodeMessage(input, shippedTables);
    must(message.body.equals(input), 'the body has changed');
    must(describeMessage(message).length > 0, 'it has no words');
    mesh.network.onFrame(input);
    for (const event of mesh.events) must(JSON.stringify(describeEvent(event)) !== undefined, 'no JSON');
    mesh.forget();
    must(mesh.hub.picture.nodes().length <= 100, 'more nodes than may be');
    return message.kind === 'malformed' ? message.reason : message.kind;
  },
};

export const rootCommandsTarget: Target = {
  name: 'root-commands',
  words: ['SEND-', 'SENDI', 'BCAST', 'RST-R', 'CLEAN', 'NINFO', 'GETDF', '\0\x05'],
  inputs: fc
    .tuple(
      fc.constantFrom('SEND-', 'SENDI', 'BCAST', 'RST-R', 'CLEAN', 'OTHER'),
      fc.uint8Array({ maxLength: 300 }),
    )
    .map(([name, args]) => Buffer.concat([Buffer.from(name), args])),
  run(input) {
    const command = decodeRootCommand(input);
    if (typeof command === 'string') return command;
    const again = decodeRootCommand(encodeRootCommand(command));
    must(JSON.stringify(again) === JSON.stringify(command), 'encoded, it is another command');
    return command.kind;
  },
};
