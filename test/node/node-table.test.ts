import test from 'ava';
import { MemoryPool } from '../../src/node/memory-pool.js';
import { MeshNode } from '../../src/node/mesh-node.js';
import { NodeTable } from '../../src/node/node-table.js';
import { NodeValues } from '../../src/node/node-values.js';

const RULES = { idleAfterMs: 60_000, disconnectedAfterMs: 180_000 };
const at = (ms: number) => ({ at: 1_000_000 + ms, monotonic: ms });
const value = (byte: number) => ({ receivedAt: byte, bytes: Buffer.of(byte) });
const bytesOf = (values: readonly { readonly bytes: Buffer }[]) => values.map(({ bytes }) => bytes[0]);

function table(maxNodes: number) {
  const evicted: number[] = [];
  const nodes = new NodeTable({ maxNodes, valuesKept: 3 }, ({ address }) => evicted.push(address));
  return { nodes, evicted, addresses: () => nodes.sorted().map(({ address }) => address) };
}

test('a node keeps the last values of each data type', (t) => {
  const node = new MeshNode(5, new NodeValues(2, new MemoryPool()));
  for (let byte = 1; byte <= 3; byte++) {
    node.store(9, value(byte));
    node.store(1, value(byte + 10));
  }
  t.deepEqual(node.typeIds(), [1, 9]);
  t.deepEqual(bytesOf(node.values(9)), [2, 3]);
  t.deepEqual(bytesOf(node.values(1)), [12, 13]);
  t.deepEqual(node.values(2), []);
  t.is(node.latest(2), undefined);
});

test('a node goes from unheard via active and idle to disconnected, and back on contact', (t) => {
  const node = new MeshNode(5, new NodeValues(1, new MemoryPool()));
  t.is(node.status(RULES, 0, 0), 'unheard');
  node.onContact(at(1000));
  t.is(node.status(RULES, 60_999, 0), 'active');
  t.is(node.status(RULES, 61_000, 0), 'idle');
  t.is(node.status(RULES, 181_000, 0), 'disconnected');
  node.onContact(at(500_000));
  t.is(node.status(RULES, 500_000, 0), 'active');
  t.is(node.lastHeardAt, 1_500_000);
});

test('being listed again clears the missing mark, but is not contact', (t) => {
  const node = new MeshNode(5, new NodeValues(1, new MemoryPool()));
  node.onContact(at(0));
  node.onMissedInList();
  node.onMissedInList();
  t.is(node.status(RULES, 0, 0), 'disconnected');
  node.onListed(Buffer.alloc(16));
  t.is(node.status(RULES, 0, 0), 'active');
  t.is(node.status(RULES, 60_000, 0), 'idle');
});

test('after a restart of the root only contact counts', (t) => {
  const node = new MeshNode(5, new NodeValues(1, new MemoryPool()));
  node.onContact(at(0));
  node.onRootRestart();
  node.onListed(Buffer.alloc(16));
  t.is(node.status(RULES, 0, 0), 'disconnected');
  node.onContact(at(1));
  t.is(node.status(RULES, 1, 0), 'active');
});

test('a node of an earlier run is unknown until it is heard, or could have been', (t) => {
  const heardBefore = new MeshNode(5, new NodeValues(1, new MemoryPool()));
  heardBefore.onRestored(undefined, 7);
  const listedBefore = new MeshNode(6, new NodeValues(1, new MemoryPool()));
  listedBefore.onRestored(undefined, undefined);
  t.is(heardBefore.status(RULES, 500_000, undefined), 'unknown');
  t.is(heardBefore.status(RULES, 179_999, 0), 'unknown');
  t.is(heardBefore.status(RULES, 180_000, 0), 'disconnected');
  t.is(listedBefore.status(RULES, 180_000, 0), 'unheard');
  heardBefore.onContact(at(190_000));
  t.is(heardBefore.status(RULES, 190_000, 0), 'active');
});

test('nodes are listed by ascending address, in whatever order they came', (t) => {
  const { nodes, addresses } = table(10);
  for (const address of [9, 5, 0x7fff, 1]) t.true(nodes.touch(address).isNew);
  t.false(nodes.touch(5).isNew);
  t.is(nodes.touch(5).node, nodes.touch(5).node);
  t.deepEqual(addresses(), [1, 5, 9, 0x7fff]);
  t.is(nodes.size, 4);
});

test('a full table forgets the node that was named longest ago; a lookup does not keep a node', (t) => {
  const { nodes, evicted, addresses } = table(3);
  for (const address of [5, 6, 7]) nodes.touch(address);
  nodes.touch(5);
  t.is(nodes.find(6)?.address, 6);
  nodes.touch(8);
  t.deepEqual(evicted, [6]);
  t.deepEqual(addresses(), [5, 7, 8]);
});

test('cleared nodes are not reported as evicted', (t) => {
  const { nodes, evicted } = table(3);
  nodes.touch(5);
  nodes.clear();
  t.is(nodes.size, 0);
  t.is(nodes.find(5), undefined);
  t.deepEqual(evicted, []);
});
