import { deflateSync } from 'node:zlib';
import test from 'ava';
import { createLog } from '../../../src/base/log.js';
import type { Refusal, Sender } from '../../../src/connectors/dataforge/hardware-manager.js';
import { MeshMode } from '../../../src/connectors/dataforge/mesh-mode.js';
import type { MessageContent } from '../../../src/connectors/dataforge/message.js';
import { settled } from '../../support/manual-clock.js';
import { NetworkFixture } from '../../support/network-fixture.js';
import { FACTS } from '../../support/session-fixture.js';

const FROM: Sender = { name: 'test', mayCommand: true };

async function start() {
  const mesh = await NetworkFixture.up({ refreshEveryMs: 0 });
  const { hub, clock } = mesh;
  const said: MessageContent[] = [];
  const refused: Refusal[] = [];
  const mode = new MeshMode({
    hub,
    clock,
    gateway: FACTS,
    log: createLog('dataforge', () => {}, clock),
    say: (content) => said.push(content),
    refuse: (refusal) => refused.push(refusal),
  });
  hub.feed.subscribe((event) => mode.onEvent(event));
  const give = async (meta: unknown, data: Buffer = Buffer.alloc(0)) => {
    const refusal = mode.carryOut({ meta, data, size: 0, from: FROM });
    if (refusal) refused.push(refusal);
    await settled();
  };
  const command = (name: string, more: object = {}, data?: Buffer) =>
    give({ type: 'command', command_type: name, ...more }, data);
  return { mesh, said, refused, give, command };
}

test('each field of a value is a message, with the bytes of the value', async (t) => {
  const { mesh, said } = await start();
  mesh.say('00 05 44 02 00 07 11 A0 05');
  const values = said.filter(({ readingOf }) => readingOf !== undefined);
  t.deepEqual(
    values.map(({ meta, data }) => [meta, data?.toString('hex')]),
    [
      [
        {
          type: 'answer',
          answer_type: 'get_sequence',
          block: 5,
          name: 'Node-5',
          data_type: 'Sequence',
          sequence: 7,
        },
        '07',
      ],
      [
        {
          type: 'answer',
          answer_type: 'get_temperature',
          block: 5,
          name: 'Node-5',
          data_type: 'Temperature',
          temperature: 14.4,
          unit: '°C',
        },
        'a005',
      ],
    ],
  );
});

test('a message is sent as hex, as data, or as packed data, and the answer has the id', async (t) => {
  const { mesh, said, command } = await start();
  await command('send', { node: 5, hex: '450102', id: 7 });
  await command('send', { block: '5' }, Buffer.from([0x45, 3]));
  await command('send', { node: 'Node-5', compression: 'zlib' }, deflateSync(Buffer.from([0x45, 4])));
  await command('broadcast', {}, Buffer.from([0x45, 5]));
  t.deepEqual(
    mesh.bodies.slice(-4).map((body) => body.subarray(5).toString('hex')),
    ['0005450102', '00054503', '00054504', '00004505'],
  );
  const answers = said.map(({ meta }) => meta).filter(({ status }) => status === 'ok');
  t.deepEqual(
    answers.map(({ answer_type, block, id }) => [answer_type, block, id]),
    [
      ['send', 5, 7],
      ['send', 5, undefined],
      ['send', 5, undefined],
      ['broadcast', undefined, undefined],
    ],
  );
});

test('the nodes can be asked for', async (t) => {
  const { mesh, said, command } = await start();
  mesh.say('00 05 44 01 00 07');
  await command('nodes');
  await command('node', { node: 5 });
  await command('latest', { block: 5, data_type: 'Sequence' });
  const [nodes, node, latest] = said.map(({ meta }) => meta).filter(({ status }) => status === 'ok');
  t.like(nodes, { answer_type: 'nodes', result: { nodes: [{ address: 5 }] } });
  t.like(node, { answer_type: 'node', block: 5 });
  t.like(latest, { answer_type: 'latest', block: 5, result: { values: [{ type: 'Sequence' }] } });
});

test('a node is busy with one command at a time', async (t) => {
  const { refused, command } = await start();
  await command('ping', { node: 5 });
  await command('send', { node: '0x0005', hex: '45' });
  await command('send', { node: 6, hex: '45' });
  t.deepEqual(
    refused.map(({ code }) => code),
    [8],
  );
});

test('what cannot be carried out is refused with a code', async (t) => {
  const { mesh, refused, give, command } = await start();
  await command('reset');
  await give({ type: 'answer' });
  await give('text');
  await command('send', { node: 5 });
  await command('send', { node: 'nobody', hex: '45' });
  await command('send', { node: 5 }, Buffer.alloc(5000, 1));
  await command('send', { node: 5, compression: 'zlib' }, deflateSync(Buffer.alloc(1_000_000)));
  await command('set_voltage', { block: 1, voltage: 5 });
  mesh.failure = 'noLink';
  await command('send', { node: 5, hex: '45', id: 'x' });
  t.deepEqual(
    refused.map(({ code }) => code),
    [7, 7, 9, 9, 9, 9, 9, 12, 12],
  );
  t.is(refused.at(-1)?.id, 'x');
});

test('alarms and the link are told', async (t) => {
  const { mesh, said } = await start();
  mesh.link('backingOff');
  const types = said.map(({ meta }) => meta.answer_type);
  t.true(types.includes('link'));
  t.true(types.includes('alarm'));
});
