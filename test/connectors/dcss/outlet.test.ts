import test from 'ava';
import { Outlet } from '../../../src/connectors/dcss/outlet.js';

/** A DCSS that takes nothing until it is told to. */
function slow() {
  const written: string[] = [];
  const takes: (() => void)[] = [];
  let full = 0;
  const outlet = new Outlet({
    write: (bytes) => {
      written.push(bytes.toString('latin1', 0, 8).trim());
      return new Promise((resolve) => takes.push(resolve));
    },
    onFull: () => {
      full++;
    },
  });
  const take = async () => {
    takes.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { outlet, written, take, full: () => full };
}

const big = (name: string) => Buffer.from(name.padEnd(65_536));

test('positions that wait are replaced by newer ones, after what was queued since; completions are all sent, in order', async (t) => {
  const { outlet, written, take } = slow();
  outlet.push(big('first'));
  outlet.push(Buffer.from('moving1'), 'position phi');
  outlet.push(Buffer.from('moving2'), 'position phi');
  outlet.push(Buffer.from('done1'));
  outlet.push(Buffer.from('moving3'), 'position phi');
  outlet.push(Buffer.from('done2'));
  t.deepEqual(written, ['first']);
  t.is(outlet.coalesced, 2);
  await take();
  t.deepEqual(written, ['first', 'done1', 'moving3', 'done2']);
});

test('more than 4 MiB that wait end the connection, and nothing is left of it', (t) => {
  const { outlet, full } = slow();
  outlet.push(big('first'));
  for (let message = 0; message < 64; message++) outlet.push(big('more'));
  t.is(full(), 0);
  outlet.push(Buffer.from('x'));
  t.is(full(), 1);
  outlet.clear();
  t.is(outlet.waitingBytes, 0);
});
