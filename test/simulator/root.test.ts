import test from 'ava';
import { encodeFrame } from '../../src/uart/frame.js';
import { type Heard, MeshRecorder, textsOf } from './recorder.js';

const HALF_MESSAGE = '[Warning] Buffer might have remaining half message!!\n';

const NEAR = { radioRangeM: 9_000, rateHz: 0 };

/** How many entries each Net Info or Path Info batch has. */
function batchesOf(heard: readonly Heard[]): number[] {
  return heard.flatMap((message) => {
    if (message.kind === 'netInfo') return [message.nodes.length];
    return message.kind === 'pathInfo' ? [message.paths.length] : [];
  });
}

test('a new user sees the first node within about a second, and twelve within five', (t) => {
  const recorder = new MeshRecorder({ nodes: 12 });
  const joined = () => recorder.heard.filter(({ kind }) => kind === 'nodeInfo').length;
  recorder.clock.advance(1_100);
  t.true(joined() >= 1);
  t.true(joined() < 12);
  recorder.clock.advance(3_900);
  t.is(joined(), 12);
});

test('the boot log comes first, then Root Reset, then each node by its address', (t) => {
  const recorder = new MeshRecorder({ nodes: 3, ...NEAR });
  recorder.clock.advance(5_000);
  t.regex(recorder.console, /^ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 \(POWERON_RESET\)/);
  t.regex(recorder.console, /I \(312\) cpu_start/);
  const [reset] = recorder.heard;
  t.is(reset?.kind === 'rootReset' && reset.text, 'online\n');
  t.deepEqual(
    recorder.heard.flatMap((message) => (message.kind === 'nodeInfo' ? [message.from] : [])),
    [5, 6, 7],
  );
  t.is(recorder.texts().filter((text) => text === ' ----------- prov_complete -----------\n').length, 3);
});

for (const [nodes, batches] of [
  [0, []],
  [1, [1]],
  [39, [39]],
  [40, [40]],
  [41, [40, 1]],
  [80, [40, 40]],
] as const) {
  test(`a root that knows ${nodes} nodes lists them in batches of [${batches.join(', ')}]`, (t) => {
    const recorder = new MeshRecorder({ nodes, ...NEAR });
    recorder.clock.advance(30_000);
    const heard = recorder.tell({ kind: 'listNodes' });
    t.deepEqual(batchesOf(heard), [...batches]);
    const listed = heard.flatMap((message) => (message.kind === 'netInfo' ? message.nodes : []));
    t.deepEqual(
      listed.map(({ address }) => address).toSorted((a, b) => a - b),
      Array.from({ length: nodes }, (_, index) => 5 + index),
    );
  });
}

test('without hops there is one Path Info batch, and it is empty', (t) => {
  const recorder = new MeshRecorder({ nodes: 5, ...NEAR });
  recorder.clock.advance(10_000);
  t.deepEqual(batchesOf(recorder.tell({ kind: 'listPaths' })), [0]);
});

test('every node that needs others to reach the root has a path, in batches of 40', (t) => {
  const recorder = new MeshRecorder({ nodes: 200, rateHz: 0 });
  recorder.clock.advance(40_000);
  const heard = recorder.tell({ kind: 'listPaths' });
  const paths = heard.flatMap((message) => (message.kind === 'pathInfo' ? message.paths : []));
  t.true(paths.length > 40);
  t.true(paths.every(({ origin, target }) => target === 1 && (recorder.mesh.hopsOf(origin) ?? 0) > 1));
  t.true(
    batchesOf(heard)
      .slice(0, -1)
      .every((length) => length === 40),
  );
});

for (const [hex, text] of [
  ['53454e44', 'Error: Command Too Short\n'],
  ['53454e442d00', 'Error: No Dst Address Attached\n'],
  ['53454e442d0005', 'Error: No Message Attached\n'],
  ['42434153540000', 'Error: No Message Attached\n'],
] as const) {
  test(`the root answers ${hex} with ${text.trim()}`, (t) => {
    const recorder = new MeshRecorder({ nodes: 0 });
    recorder.clock.advance(1_000);
    t.deepEqual(textsOf(recorder.write(encodeFrame(Buffer.from(hex, 'hex')))), [text]);
  });
}

test('the root ignores a command that it does not know', (t) => {
  const recorder = new MeshRecorder({ nodes: 0 });
  recorder.clock.advance(1_000);
  t.deepEqual(recorder.write(encodeFrame(Buffer.from('WATER\x01'))), []);
});

test('the root complains of a node that is not in its network, under the address of that node', (t) => {
  const recorder = new MeshRecorder({ nodes: 0 });
  recorder.clock.advance(1_000);
  const heard = recorder.tell({ kind: 'send', to: 0x99, message: Buffer.from('E'), tracked: true });
  t.deepEqual(
    heard.map((message) => message.kind === 'text' && [message.from, message.text]),
    [[0x99, 'Node not exists in network\n']],
  );
});

test('bytes outside frames, and broken frames, get no answer', (t) => {
  const recorder = new MeshRecorder({ nodes: 0 });
  recorder.clock.advance(1_000);
  t.deepEqual(recorder.write(Buffer.from('NINFO\xfe', 'latin1')), []);
  t.deepEqual(recorder.write(Buffer.from('ff4e49fb4e464ffe', 'hex')), []);
});

test('a command is executed when its block ends, and blocks follow each other second by second', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const [first] = recorder.tell({ kind: 'listNodes' }).filter(({ kind }) => kind === 'netInfo');
  recorder.clock.advance(777);
  const [second] = recorder.tell({ kind: 'listNodes' }).filter(({ kind }) => kind === 'netInfo');
  t.is(first?.atMs, 3_350);
  t.is(second?.atMs, 5_350);
});

test('a frame that straddles the border of a 1,024-byte block is lost, and the root reports it', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const ninfo = encodeFrame(Buffer.from('NINFO'));
  const padding = Buffer.alloc(1024 - ninfo.length - 3, 0x20);
  const heard = recorder.write(Buffer.concat([ninfo, padding, ninfo, ninfo]));
  t.deepEqual(textsOf(heard), [HALF_MESSAGE]);
  t.deepEqual(
    heard.filter(({ from }) => from === 0).map(({ kind, atMs }) => `${kind} ${atMs}`),
    ['netInfo 3000', 'text 3000', 'netInfo 4000'],
  );
});

test('a frame that ends with the 1,024th byte is complete', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const ninfo = encodeFrame(Buffer.from('NINFO'));
  const heard = recorder.write(Buffer.concat([Buffer.alloc(1024 - ninfo.length, 0x20), ninfo]));
  t.deepEqual(textsOf(heard), []);
  t.deepEqual(batchesOf(heard), [1]);
});

test('a frame whose end comes after the block has ended by time is lost', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const ninfo = encodeFrame(Buffer.from('NINFO'));
  t.deepEqual(textsOf(recorder.write(ninfo.subarray(0, 3))), [HALF_MESSAGE]);
  t.deepEqual(recorder.write(ninfo.subarray(3)), []);
});

test('the tail of a lost frame is not a command in the next block, and the frame after it is obeyed', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const reset = encodeFrame(Buffer.from('RST-R'));
  const ninfo = encodeFrame(Buffer.from('NINFO'));
  for (let cut = 1; cut < reset.length; cut++) {
    t.deepEqual(textsOf(recorder.write(reset.subarray(0, cut))), [HALF_MESSAGE], `${cut}`);
    const heard = recorder.write(Buffer.concat([reset.subarray(cut), ninfo]));
    t.deepEqual(batchesOf(heard), [1], `${cut}`);
    t.deepEqual(textsOf(heard), [], `${cut}`);
  }
  t.is(recorder.mesh.root.counters.get('boots'), 1);
  t.is(recorder.mesh.root.counters.get('halfMessages'), reset.length - 1);
});

test('a frame longer than a block is lost, and reported once', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const long = encodeFrame(Buffer.concat([Buffer.from('BCAST\0\0'), Buffer.alloc(1500, 0x41)]));
  const ninfo = encodeFrame(Buffer.from('NINFO'));
  const heard = recorder.write(Buffer.concat([long, ninfo]));
  t.deepEqual(textsOf(heard), [HALF_MESSAGE]);
  t.deepEqual(batchesOf(heard), [1]);
});

test('RST-R: the boot log, Root Reset after three seconds, and the network kept', (t) => {
  const recorder = new MeshRecorder({ nodes: 4, ...NEAR });
  recorder.clock.advance(6_000);
  recorder.console = '';
  const heard = recorder.tell({ kind: 'resetRoot' });
  t.deepEqual(
    heard.filter(({ from }) => from === 0),
    [],
  );
  t.deepEqual(recorder.tell({ kind: 'listNodes' }), []);
  recorder.clock.advance(2_000);
  t.regex(recorder.console, /^ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc \(SW_CPU_RESET\)/);
  const resets = recorder.heard.filter(({ kind }) => kind === 'rootReset');
  t.is(resets.length, 2);
  t.is(resets[1]?.atMs, 6_350 + 3_000);
  t.deepEqual(batchesOf(recorder.tell({ kind: 'listNodes' })), [4]);
});

test('messages of devices while the root boots are lost', (t) => {
  const recorder = new MeshRecorder({ nodes: 4, radioRangeM: 9_000, rateHz: 5 });
  recorder.clock.advance(6_000);
  recorder.tell({ kind: 'resetRoot' });
  const from = recorder.heard.length;
  recorder.clock.advance(2_000);
  t.is(recorder.heard.length, from);
  recorder.clock.advance(2_000);
  t.true(recorder.heard.slice(from).some(({ kind }) => kind === 'values'));
});

test('commands after RST-R in the same block are lost', (t) => {
  const recorder = new MeshRecorder({ nodes: 1, ...NEAR });
  recorder.clock.advance(3_000);
  const frames = ['RST-R', 'NINFO', 'GETDF'].map((name) => encodeFrame(Buffer.from(name)));
  t.deepEqual(batchesOf(recorder.write(Buffer.concat(frames))), []);
});

test('CLEAN: its text, a restart, an empty network, and the nodes provisioned again', (t) => {
  const recorder = new MeshRecorder({ nodes: 4, ...NEAR });
  recorder.clock.advance(6_000);
  const heard = recorder.tell({ kind: 'clean' });
  t.true(textsOf(heard).includes(' - Reseting Root Module\n'));
  const from = recorder.heard.length;
  recorder.clock.advance(2_400);
  t.deepEqual(
    recorder.heard.slice(from).map(({ kind }) => kind),
    ['rootReset'],
  );
  t.is(recorder.mesh.root.network.size, 0);
  recorder.clock.advance(5_000);
  const again = recorder.heard
    .slice(from)
    .flatMap((message) => (message.kind === 'nodeInfo' ? [message.from] : []));
  t.deepEqual(again, [5, 6, 7, 8]);
  t.deepEqual(batchesOf(recorder.tell({ kind: 'listNodes' })), [4]);
});

test('the root logs outside frames once a minute', (t) => {
  const recorder = new MeshRecorder({ nodes: 2, ...NEAR });
  recorder.clock.advance(1_000);
  recorder.console = '';
  recorder.clock.advance(180_000);
  t.is(recorder.console.match(/I \(\d+\) root: alive, 2 nodes provisioned/g)?.length, 3);
});
