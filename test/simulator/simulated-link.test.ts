import test from 'ava';
import { LinkError } from '../../src/link/link.js';
import { readFaults } from '../../src/simulator/faults/fault-plan.js';
import { FaultyMesh } from '../../src/simulator/faults/faulty-mesh.js';
import { openLinkTo, openSimulatedLink } from '../../src/simulator/simulated-link.js';
import { ManualClock } from '../support/manual-clock.js';
import { tables } from './recorder.js';

function linkOf(nodes: number) {
  const clock = new ManualClock();
  const open = openSimulatedLink({ clock, tables, nodes, seed: 4 });
  const chunks: Buffer[] = [];
  const handlers = {
    onBytes: (chunk: Buffer) => chunks.push(Buffer.from(chunk)),
    onClosed: () => {
      throw new Error('a simulated link does not close on its own');
    },
  };
  return { clock, chunks, open: () => open(handlers) };
}

const NINFO = Buffer.from('ff4e494e464ffe', 'hex');

test('a link to a virtual mesh describes itself', async (t) => {
  const link = await linkOf(12).open();
  t.is(link.name, 'virtual mesh of 12 nodes, seed 4');
  t.is((await linkOf(1).open()).name, 'virtual mesh of 1 node, seed 4');
});

test('bytes come and go through the clock, never during write', async (t) => {
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

test('a closed link is silent and refuses to write; reopened it has the same mesh', async (t) => {
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

test('when the device is unplugged the link reports it and ends; it is absent until it is back', async (t) => {
  const clock = new ManualClock();
  const faults = readFaults({ hang_ups: { after_s: 20, for_s: 5 } }, 'test');
  const open = openLinkTo(new FaultyMesh({ clock, tables, nodes: 1, faults }));
  const closed: string[] = [];
  const chunks: Buffer[] = [];
  const handlers = {
    onBytes: (chunk: Buffer) => chunks.push(chunk),
    onClosed: (reason: string) => closed.push(reason),
  };
  const first = await open(handlers);
  t.is(first.name, 'virtual mesh of 1 node, seed 1, with faults');
  clock.advance(20_000);
  t.deepEqual(closed, ['hungUp']);
  const refused = await t.throwsAsync(first.write(NINFO), { instanceOf: LinkError });
  t.is(refused?.reason, 'hungUp');
  const absent = await t.throwsAsync(open(handlers), { instanceOf: LinkError });
  t.is(absent?.reason, 'noDevice');
  clock.advance(5_000);
  const heard = chunks.length;
  const second = await open(handlers);
  await first.close();
  clock.advance(5_000);
  t.true(chunks.length > heard, 'closing the first does not end the second');
  await second.close();
  clock.advance(30_000);
  t.deepEqual(closed, ['hungUp'], 'a closed link is not notified any more');
});

test('the modem lines of a link reset the root', async (t) => {
  const { clock, chunks, open } = linkOf(0);
  const link = await open();
  clock.advance(10_000);
  const before = chunks.length;
  await link.setLines({ dtr: false, rts: true });
  await link.setLines({ dtr: false, rts: false });
  t.is(chunks.length, before);
  clock.advance(5_000);
  t.true(Buffer.concat(chunks.slice(before)).includes('POWERON_RESET'));
  await link.close();
  await t.throwsAsync(link.setLines({ dtr: true, rts: true }), { instanceOf: LinkError });
});
