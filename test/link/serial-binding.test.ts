import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { autoDetect } from '@serialport/bindings-cpp';
import { SerialPortStream } from '@serialport/stream';
import test from 'ava';
import { type SerialBinding, serialBinding } from '../../src/link/serial-binding.js';
import { hasSocat, openPty } from '../support/pty.js';

const ptyTest = hasSocat ? test.serial : test.skip;

async function openStream(path: string): Promise<SerialPortStream<SerialBinding>> {
  const stream = new SerialPortStream({ binding: serialBinding(), path, baudRate: 115_200, hupcl: false });
  stream.on('error', () => undefined);
  await once(stream, 'open');
  return stream;
}

test('systems other than Linux get the unmodified binding of serialport', (t) => {
  t.is(serialBinding('darwin'), autoDetect());
  t.not(serialBinding('linux'), autoDetect());
});

ptyTest('a device that goes away in a flood of bytes closes the stream, ten times out of ten', async (t) => {
  for (let round = 0; round < 10; round++) {
    const pty = await openPty({ flood: true });
    const stream = await openStream(pty.path);
    stream.resume();
    await once(stream, 'data');
    const closed = once(stream, 'close');
    await pty.hangUp();
    const [error] = await closed;
    t.regex(String(error), /the device hung up/);
    t.false(stream.isOpen);
    await pty.close();
  }
});

ptyTest(
  'a read of 0 bytes and a poll of a dead descriptor are both errors marked as disconnects',
  async (t) => {
    const pty = await openPty();
    const port = await serialBinding().open({ path: pty.path, baudRate: 115_200 });
    const awaiting = t.throwsAsync(port.read(Buffer.alloc(8), 0, 8));
    await pty.hangUp();
    t.like(await awaiting, { name: 'HangUpError', disconnect: true });
    t.like(await t.throwsAsync(port.read(Buffer.alloc(8), 0, 8)), { name: 'HangUpError', disconnect: true });
    t.like(await t.throwsAsync(port.write(Buffer.alloc(8))), { name: 'HangUpError', disconnect: true });
    await port.close();
    await pty.close();
  },
);

ptyTest(
  'a write that waits for room continues when there is room, even if a read has started to wait',
  async (t) => {
    const pty = await openPty();
    const port = await serialBinding().open({ path: pty.path, baudRate: 115_200 });
    pty.freeze();
    const writing = port.write(Buffer.alloc(300_000, 0x42));
    await setTimeout(20);
    const reading = t.throwsAsync(port.read(Buffer.alloc(8), 0, 8));
    await setTimeout(20);
    pty.thaw();
    await writing;
    t.is((await pty.readUntil((received) => received.length >= 300_000)).length, 300_000);
    await port.close();
    t.like(await reading, { canceled: true });
    await pty.close();
  },
);

ptyTest(
  'closing cancels pending operations: a read that waits for bytes and a write that waits for room',
  async (t) => {
    const pty = await openPty();
    pty.freeze();
    const port = await serialBinding().open({ path: pty.path, baudRate: 115_200 });
    const reading = t.throwsAsync(port.read(Buffer.alloc(8), 0, 8));
    const writing = t.throwsAsync(port.write(Buffer.alloc(300_000)));
    await port.close();
    t.like(await reading, { canceled: true });
    t.like(await writing, { canceled: true });
    t.false(port.isOpen);
    await t.throwsAsync(port.close(), { message: 'Port is not open' });
    await pty.close();
  },
);

ptyTest('drain waits for the write before it', async (t) => {
  const pty = await openPty();
  const port = await serialBinding().open({ path: pty.path, baudRate: 115_200 });
  const order: string[] = [];
  const writing = port.write(Buffer.alloc(50_000, 0x41)).then(() => order.push('written'));
  await port.drain().then(() => order.push('drained'));
  await writing;
  t.deepEqual(order, ['written', 'drained']);
  await pty.readUntil((received) => received.length === 50_000);
  await port.close();
  await pty.close();
});
