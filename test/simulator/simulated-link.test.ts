import test from 'ava';
import { openSimulatedLink } from '../../src/simulator/simulated-link.js';
import { LinkError } from '../../src/uart/link.js';
import { ManualClock } from '../support/manual-clock.js';
import { tables } from './recorder.js';

function linkOf(nodes: number) {
  const clock = new ManualClock();
  const open = openSimulatedLink({ clock, tables, nodes, seed: 4 });
  const chunks: Buffer[] = [];
  const handlers = {
    onBytes: (chunk: Buffer) => chunks.push(Buffer.from(chunk)),
    onClosed: () => {
      throw new Error('a simulated link does not close by itself');
    },
  };
  return { clock, chunks, open: () => open(handlers) };
}

const NINFO = Buffer.from('ff4e494e464ffe', 'hex');

test('a link to a virtual mesh says what it is', async (t) => {
  const link = await linkOf(12).open();
  t.is(link.name, 'virtual mesh of 12 nodes, seed 4');
  t.is((await linkOf(1).open()).name, 'virtual mesh of 1 node, seed 4');
});

test('bytes come and go through the clock, never while write is running', async (t) => {
  const { clock, chunks, open } = linkOf(1);
  const link = await open();
  t.is(chunks.length, 0);
  clock.advance(5_000);
  t.true(chunks.length > 0);
  const before = chunks.length;
  const bytes = Buffer.from(NINFO);
  const written = link.write(bytes);
  bytes.fill(0);
  t.is(chunks.length, before);
  await written;
  clock.advance(1_000);
  t.true(chunks.some((chunk) => chunk.toString('hex').startsWith('ff000001010005')));
});

test('a closed link is silent and refuses to write; opened again it shows the same mesh', async (t) => {
  const { clock, chunks, open } = linkOf(2);
  const first = await open();
  clock.advance(10_000);
  await first.close();
  await first.close();
  const heard = chunks.length;
  clock.advance(10_000);
  t.is(chunks.length, heard);
  await t.throwsAsync(first.write(NINFO), { instanceOf: LinkError });
  const second = await open();
  clock.advance(2_000);
  const resumed = Buffer.concat(chunks.slice(heard));
  t.true(resumed.length > 0);
  t.false(resumed.includes('online'));
  t.false(resumed.includes('prov_complete'));
  await second.close();
});

test('a second user is refused', async (t) => {
  const { open } = linkOf(1);
  const link = await open();
  const error = await t.throwsAsync(open(), { instanceOf: LinkError });
  t.is(error?.reason, 'heldByAnother');
  await link.close();
  await t.notThrowsAsync(open());
});
