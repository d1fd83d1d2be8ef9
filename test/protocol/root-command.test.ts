import test from 'ava';
import fc from 'fast-check';
import { decodeRootCommand, encodeRootCommand, type RootCommand } from '../../src/protocol/root-command.js';
import { addressText, bytesOf, hexOf } from '../support/hex.js';
import { type CommandVector, rootCommandVectors } from '../support/vectors.js';

for (const { name, body, command } of rootCommandVectors) {
  test(`decoding matches the wire book: ${name}`, (t) => {
    t.deepEqual(written(decodeRootCommand(bytesOf(body))), command);
  });
}

for (const { name, body, command, direction } of rootCommandVectors) {
  if (direction === 'both') {
    test(`encoding matches the wire book: ${name}`, (t) => {
      t.is(hexOf(encodeRootCommand(read(command))), hexOf(bytesOf(body)));
    });
  }
}

const message = fc.uint8Array({ minLength: 1, maxLength: 256 }).map((bytes) => Buffer.from(bytes));

test('any message to any address survives a round trip', (t) => {
  const to = fc.integer({ min: 0, max: 0x7fff });
  fc.assert(
    fc.property(to, message, fc.boolean(), (address, bytes, tracked) => {
      const command: RootCommand = { kind: 'send', to: address, message: bytes, tracked };
      t.deepEqual(decodeRootCommand(encodeRootCommand(command)), command);
    }),
  );
});

test('no bytes make the decoder throw', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const command = decodeRootCommand(Buffer.from(bytes));
      return bytes.length >= 5 || command === 'tooShort';
    }),
  );
  t.pass();
});

/** A command in the notation of the wire book. */
function written(command: ReturnType<typeof decodeRootCommand>): unknown {
  if (typeof command === 'string') return command;
  switch (command.kind) {
    case 'send':
      return { ...command, to: addressText(command.to), message: hexOf(command.message) };
    case 'broadcast':
      return { ...command, message: hexOf(command.message) };
    case 'other':
      return { ...command, bytes: hexOf(command.bytes) };
    default:
      return command;
  }
}

function read(command: CommandVector): RootCommand {
  if (typeof command === 'string') throw new Error(`nobody encodes ${command}`);
  switch (command.kind) {
    case 'send':
      return { ...command, to: Number.parseInt(command.to, 16), message: bytesOf(command.message) };
    case 'broadcast':
      return { ...command, message: bytesOf(command.message) };
    case 'other':
      return { ...command, bytes: bytesOf(command.bytes) };
    default:
      return command;
  }
}
