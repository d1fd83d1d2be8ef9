import test from 'ava';
import { bytesOf, hexOf } from '../support/hex.js';
import { NetworkFixture, netInfo, uuidText } from '../support/network-fixture.js';
import { DATA_TYPES_FILE, loadTables, OPCODES_FILE, readTable, temporaryFile } from '../support/tables.js';

const NO_REFRESH = { refreshEveryMs: 0 };
const up = () => NetworkFixture.up(NO_REFRESH);

const uuidOf = (fixture: NetworkFixture, address: number) => {
  const uuid = fixture.hub.picture.findNode(address)?.uuid;
  return uuid && hexOf(uuid);
};

/** Messages as listeners receive them. */
const forwarded = (fixture: NetworkFixture) =>
  fixture.events.flatMap((event) =>
    event.kind === 'message' && event.toListeners ? [hexOf(event.message.body)] : [],
  );

test('a uuid comes from Net Info, or from Node Info sent by the node or by the root', async (t) => {
  const fixture = await up();
  fixture.say(
    netInfo(5),
    `00 06 02 ${uuidText(6)}`,
    `00 00 02 00 07 ${uuidText(7)}`,
    `00 01 02 00 08 ${uuidText(8)}`,
  );
  for (const address of [5, 6, 7, 8]) {
    t.is(uuidOf(fixture, address), hexOf(bytesOf(uuidText(address))));
  }
  t.deepEqual(fixture.statuses(), ['5 unheard', '6 active', '7 unheard', '8 unheard']);
});

test('the newest uuid counts', async (t) => {
  const fixture = await up();
  fixture.say(netInfo(5), `00 05 02 AA*16`);
  t.is(uuidOf(fixture, 5), hexOf(bytesOf('AA*16')));
});

test('a node listed by the root is reported once as added, and once as identified', async (t) => {
  const fixture = await up();
  fixture.say(netInfo(5), netInfo(5));
  const changes = fixture.events.flatMap((event) => (event.kind === 'node' ? [event.change] : []));
  t.deepEqual(
    changes.filter((change) => change !== 'status'),
    ['added', 'identified'],
  );
});

test('Root Reset is counted, and the root is queried for its nodes', async (t) => {
  const fixture = await up();
  fixture.say('00 00 03 6F 6E 6C 69 6E 65 0A', '00 00 03');
  t.is(fixture.hub.picture.root().resets, 2);
  t.is(fixture.sent[0], 'NINFO');
  t.deepEqual(forwarded(fixture), ['00 00 03 6F 6E 6C 69 6E 65 0A', '00 00 03']);
});

test('data of all three generations of firmware are stored', async (t) => {
  const fixture = await up();
  fixture.say(
    '00 05 44 02 00 07 01 39 30 00 09 BC 00',
    '00 06 05 00*5 20 48 40 00*6 29 40',
    `00 07 ${hexOf(Buffer.from('{"node":7,"gps_time":0,"lat":481370000,"lon":115750000}\n'))}`,
  );
  t.is(fixture.latest(5, 'Sequence'), '07');
  t.is(fixture.latest(5, 'GPS'), '39300009bc00');
  t.is(fixture.latest(6, 'Position'), '00000000002048400000000000002940');
  t.true(
    Buffer.from(fixture.latest(7, 'Report') ?? '', 'hex')
      .toString()
      .startsWith('{"node":7'),
  );
  t.deepEqual(forwarded(fixture), []);
});

test('a value is dated by the host; the device time is kept beside it', async (t) => {
  const fixture = await up();
  const report = { gps_time: 1_700_000_000, lat: 1 };
  fixture.say(`00 07 ${hexOf(Buffer.from(JSON.stringify(report)))}`);
  const value = fixture.hub.picture.findNode(7)?.latest[0]?.value;
  t.is(value?.receivedAt, fixture.clock.now());
  t.is(value?.deviceTime, 1_700_000_000_000);
});

test('the newest value counts, and a value does not keep its message in memory', async (t) => {
  const fixture = await up();
  for (const sequence of ['07', '08', '09']) fixture.say(`00 05 44 01 00 ${sequence}`);
  t.is(fixture.latest(5, 'Sequence'), '09');
  const body = bytesOf('00 05 44 01 00 0A');
  fixture.network.onFrame(body);
  body.fill(0xff);
  t.is(fixture.latest(5, 'Sequence'), '0a');
});

test('a Data message of no values stores none, and is contact', async (t) => {
  const fixture = await up();
  fixture.say('00 05 44 00');
  t.deepEqual(fixture.hub.picture.findNode(5)?.latest, []);
  t.deepEqual(fixture.statuses(), ['5 active']);
  t.deepEqual(fixture.lines, []);
});

const MALFORMED_DATA = [
  ['without an amount', '44', 'dataTooShort', 3],
  ['that ends before its second value', '44 02 00 07', 'dataTooShort', 6],
  ['that ends within a value', '44 02 00 07 01 39 30', 'dataTooShort', 6],
  ['with an undefined id', '44 02 00 07 EE 01', 'dataUndefinedType', 6],
  ['with a type that fills a whole message', '44 02 00 07 7B 7B 7D', 'dataUndefinedType', 6],
  ['with bytes left over', '44 01 00 07 00', 'dataLeftOver', 6],
] as const;

for (const [name, tail, reason, offset] of MALFORMED_DATA) {
  test(`Data ${name} stores nothing; one warning has node, reason and offset`, async (t) => {
    const fixture = await up();
    fixture.say(`00 05 ${tail}`);
    t.deepEqual(fixture.hub.picture.findNode(5)?.latest, []);
    t.deepEqual(fixture.statuses(), ['5 active']);
    t.is(fixture.lines.length, 1);
    t.regex(fixture.lines[0] ?? '', new RegExp(`from 0x0005 dropped: .* \\(at byte ${offset} of `));
    t.is(fixture.hub.counters().malformed[reason], 1);
    t.is(fixture.hub.counters().messages.malformed, 1);
    t.deepEqual(forwarded(fixture), []);
  });
}

test('other malformed messages are counted by their reason, and change no state', async (t) => {
  const fixture = await up();
  const table = [
    ['', 'bodyTooShort'],
    ['00 05', 'bodyTooShort'],
    ['80 05 00', 'notUnicast'],
    ['00 00 01 02 00 05 00*16', 'listLength'],
    ['00 00 01 01 00 00 00*16', 'notUnicast'],
    ['00 00 04 01 00 05', 'listLength'],
    ['00 00 02 00*16', 'uuidLength'],
  ] as const;
  fixture.say(...table.map(([body]) => body));
  const { malformed } = fixture.hub.counters() as { malformed: Record<string, number> };
  t.deepEqual(Object.fromEntries(Object.entries(malformed).filter(([, count]) => count > 0)), {
    bodyTooShort: 2,
    notUnicast: 2,
    listLength: 2,
    uuidLength: 1,
  });
  t.deepEqual(fixture.hub.picture.nodes(), []);
  t.deepEqual(fixture.hub.picture.paths(), []);
});

test('a burst of one warning is one line, and one more with the count when it is over', async (t) => {
  const fixture = await up();
  for (let round = 0; round < 500; round++) fixture.say('00 05 44 02 00 07');
  t.is(fixture.lines.length, 1);
  await fixture.pass(10_000);
  t.is(fixture.lines.length, 2);
  t.regex(fixture.lines[1] ?? '', /499 more in 10 s/);
  t.is(fixture.hub.counters().malformed.dataTooShort, 500);
});

test('two different warnings are both printed', async (t) => {
  const fixture = await up();
  fixture.say('00 05 44 01', '00 06 44 01', '00 06 44 01 00 07 07');
  t.is(fixture.lines.length, 2, fixture.lines.join('\n'));
});

test('an opcode that is not in the table is counted as unknown and forwarded unchanged', async (t) => {
  const fixture = await up();
  fixture.say('00 05 99 01 FF', '00 05 99');
  t.is(fixture.hub.counters().messages.unknown, 2);
  t.deepEqual(forwarded(fixture), ['00 05 99 01 FF', '00 05 99']);
  t.deepEqual(fixture.statuses(), ['5 active']);
});

const TEXTS = [
  'Error: Command Too Short\n',
  'Error: No Dst Address Attached\n',
  'Error: No Message Attached\n',
  ' - Reseting Root Module\n',
  ' ----------- prov_complete -----------\n',
  '[Warning] Buffer might have remaining half message!!\n',
  'Error: Buffer might have remaining half message!!\n',
];

for (const text of TEXTS) {
  const shown = JSON.stringify(text.trim());
  test(`${shown} from the root is text, and forwarded unchanged`, async (t) => {
    const fixture = await up();
    const body = `00 00 ${hexOf(Buffer.from(text))}`;
    fixture.say(body);
    t.is(fixture.hub.counters().messages.text, 1);
    t.deepEqual(forwarded(fixture), [body]);
    t.deepEqual(fixture.statuses(), []);
    t.is(fixture.halfMessages, text.includes('half message') ? 1 : 0);
  });
}

test('during provisioning a node sends text too: that is contact', async (t) => {
  const fixture = await up();
  const body = `00 05 ${hexOf(Buffer.from(' ----------- prov_complete -----------\n'))}`;
  fixture.say(body);
  t.is(fixture.hub.counters().messages.text, 1);
  t.deepEqual(forwarded(fixture), [body]);
  t.deepEqual(fixture.statuses(), ['5 active']);
});

const COMPLAINTS = ['Node not exists in network\n', 'Failed to send to Node\n', 'Failed to send to Node'];

for (const text of COMPLAINTS) {
  test(`${JSON.stringify(text)} is the root's, whatever its address: no contact, forwarded unchanged`, async (t) => {
    const fixture = await up();
    const about = (address: string) => `${address} ${hexOf(Buffer.from(text))}`;
    fixture.say('00 07 41');
    await fixture.pass(200_000);
    fixture.say('00 00 03');
    const statuses = fixture.statuses();
    fixture.forget();
    fixture.say(about('00 07'), about('00 99'), about('00 00'), about('00 01'), about('C0 00'));
    t.deepEqual(statuses, ['7 disconnected']);
    t.deepEqual(fixture.statuses(), statuses);
    t.is(forwarded(fixture).length, 5);
    t.is(forwarded(fixture)[1], about('00 99'));
    t.deepEqual(fixture.hub.counters().complaints, { aboutDelivery: 0, aboutNone: 5 });
    t.regex(fixture.lines[0] ?? '', /the root reports about 0x0007: .* \(no open delivery matches\)/);
  });
}

test('text that only resembles a complaint is the node’s', async (t) => {
  const fixture = await up();
  fixture.say(`00 09 ${hexOf(Buffer.from('Failed to send to Node-5\n'))}`);
  t.deepEqual(fixture.statuses(), ['9 active']);
});

test('a site’s own opcode takes precedence over the text', async (t) => {
  const known = readTable(OPCODES_FILE);
  known.messages?.push({ opcode: '0x4E', name: 'Notice', from: ['node'] });
  const tables = loadTables(temporaryFile(t, 'opcodes.json', known), DATA_TYPES_FILE);
  const fixture = await NetworkFixture.up(NO_REFRESH, tables);
  fixture.say(`00 09 ${hexOf(Buffer.from('Node not exists in network\n'))}`);
  t.deepEqual(fixture.statuses(), ['9 active']);
});

test('from a node, E is an echo; from the root it begins a text', async (t) => {
  const fixture = await up();
  fixture.say('00 05 45 72 72 0A', '00 00 45 72 72 0A');
  const { opaque, text } = fixture.hub.counters().messages;
  t.deepEqual([opaque, text], [1, 1]);
});

test('0001 counts as the root for opcodes that only the root sends, else as a node', async (t) => {
  const fixture = await up();
  fixture.say('00 01 03', netInfo(5).replace('00 00 01', '00 01 01'), '00 01 04 00');
  t.is(fixture.hub.picture.root().resets, 1);
  t.deepEqual(fixture.statuses(), ['5 unheard']);
  fixture.say(`00 01 ${hexOf(Buffer.from('Error: No Message Attached\n')).replace('45', '25')}`);
  t.deepEqual(fixture.statuses(), ['5 unheard']);
  fixture.say('00 01 44 01 00 07');
  t.deepEqual(fixture.statuses(), ['1 active', '5 unheard']);
});

test('every message is reported once, in order, with the next number', async (t) => {
  const fixture = await up();
  fixture.say('00 05 52 00', '00 05 99', '00 00 03', '00 05 44 01');
  const numbers = fixture.events.map(({ seq }) => seq);
  t.deepEqual(
    numbers,
    numbers.map((_, index) => (numbers[0] ?? 0) + index),
  );
  t.is(fixture.events.filter(({ kind }) => kind === 'message').length, 4);
});

test('a console line is reported unchanged', async (t) => {
  const fixture = await up();
  fixture.network.onConsoleLine('I (312) boot: ESP-IDF');
  t.deepEqual(
    fixture.events.map((event) => event.kind === 'console' && event.line),
    ['I (312) boot: ESP-IDF'],
  );
});

test('a message that is longer than an edge device accepts is refused before anything is sent', async (t) => {
  const fixture = await up();
  const message = Buffer.alloc(257);
  const send = { kind: 'send', to: 5, message, tracked: false } as const;
  t.deepEqual(await fixture.hub.commands.execute(send, 'test'), { ok: false, reason: 'messageTooLong' });
  const broadcast = { kind: 'broadcast', message } as const;
  t.deepEqual(await fixture.hub.commands.execute(broadcast, 'test'), { ok: false, reason: 'messageTooLong' });
  t.deepEqual(fixture.sent, []);
  t.true((await fixture.hub.commands.execute({ ...send, message: Buffer.alloc(256) }, 'test')).ok);
});

test('messages that differ only in sender and content do not flood the log', async (t) => {
  const fixture = await up();
  const before = fixture.lines.length;
  for (let node = 1; node <= 500; node++) {
    const address = node.toString(16).toUpperCase().padStart(4, '0').replace(/(..)/, '$1 ');
    fixture.say(`${address} 44 01`);
    fixture.network.onFrame(Buffer.concat([bytesOf('00 00'), Buffer.from(`error ${node}`)]));
  }
  t.is(fixture.lines.length - before, 2, fixture.lines.slice(before, before + 4).join('\n'));
  fixture.clock.advance(10_000);
  const counted = fixture.lines.slice(before + 2).filter((line) => line.includes('(499 more in 10 s)'));
  t.is(counted.length, 2);
  t.true(counted.some((line) => line.includes('0x01F4')));
  t.true(counted.some((line) => line.includes('error 500')));
});
