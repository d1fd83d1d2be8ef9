/** The flows for Node-RED in examples/: their topics, messages and functions are the gateway's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findMethod } from '../../../src/api/methods/index.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { fieldLevel, Topics } from '../../../src/mqtt/topics.js';
import { temporaryFolder } from '../../support/gateway-fixture.js';
import { LineClient, untilReported } from '../../support/line-client.js';
import { killProcesses, startProcess } from '../../support/process-fixture.js';

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly wires?: readonly (readonly string[])[];
  readonly topic?: string;
  readonly broker?: string;
  readonly client?: string;
  readonly payload?: string;
  readonly func?: string;
}

type Message = Readonly<Record<string, unknown>>;

const byMqtt = readFlow('node-red-flow.json');
const byWebsocket = readFlow('node-red-websocket-flow.json');

const topics = new Topics('meshgate', 'north');

/** What each `mqtt in` node is for. */
const PUBLISHED: Readonly<Record<string, string>> = {
  'mg-values': topics.field(5, fieldLevel('Temperature', 'temperature')),
  'mg-answers': topics.answer('send'),
  'mg-alarms': topics.alarm('NODE_DISCONNECTED:5'),
};

const folder = temporaryFolder();

test.after.always(async () => {
  await killProcesses();
  folder.remove();
});

for (const [name, flow] of Object.entries({ byMqtt, byWebsocket })) {
  test(`the flow ${name} can be imported: each wire and each reference leads to a node of the flow`, (t) => {
    const ids = new Set(flow.map(({ id }) => id));
    t.is(ids.size, flow.length);
    for (const { id, type, z, wires = [], broker, client } of flow) {
      // A broker's own `broker` is its host.
      const config = type === 'mqtt-broker' ? [] : [broker, client];
      const named = [...wires.flat(), ...[z, ...config].filter((other) => other !== undefined)];
      for (const other of named) t.true(ids.has(other), `${id} → ${other}`);
    }
  });
}

test('its topics are those of the gateway', (t) => {
  const reading = byMqtt.filter(({ type }) => type === 'mqtt in');
  t.deepEqual(reading.map(({ id }) => id).sort(), Object.keys(PUBLISHED).sort());
  for (const { id, topic = '' } of reading) t.true(matches(topic, PUBLISHED[id] ?? ''), topic);
  for (const { topic = '' } of byMqtt.filter(({ type }) => type === 'mqtt out')) {
    t.truthy(findMethod(topics.commandIn(topic) ?? ''), topic);
  }
});

test('its functions read what the gateway publishes', (t) => {
  t.like(run(byMqtt, 'mg-split', { topic: PUBLISHED['mg-values'], payload: '13.31' }), {
    address: '0x0005',
    type: 'Temperature',
    field: 'temperature',
    payload: 13.31,
  });
  const answer = (payload: object) => run(byMqtt, 'mg-last', { payload });
  t.is(answer({ command: 'send', delivery: { stage: 'queued' } }), null);
  t.deepEqual(answer({ result: { stage: 'answered', answer: '0102' } }), { payload: 'answered 0102' });
  t.deepEqual(answer({ error: { code: 'LINK_DOWN', message: 'no link' } }), {
    payload: 'LINK_DOWN: no link',
  });
});

test('the messages of both flows are carried out, and their events and answers are read', async (t) => {
  const args = ['--simulate', '--nodes', '3', '--seed', '7', '--http', 'off'];
  const gateway = await startProcess([...args, '--socket', join(folder.path, 's')]);
  await untilReported(gateway.socketPath, [5]);
  const client = await LineClient.open(gateway.socketPath);
  t.teardown(() => client.close());

  const command = JSON.parse(find(byMqtt, 'mg-press').payload ?? '') as object;
  t.like((await client.ask('send', command)).result, { stage: 'answered', answer: '0102' });

  client.say(JSON.parse(find(byWebsocket, 'mg-ws-press').payload ?? ''));
  const [, answer] = run(byWebsocket, 'mg-ws-sort', { payload: await client.reply(2) }) as Message[];
  t.deepEqual(answer, { payload: 'answered 0102' });

  t.is(run(byWebsocket, 'mg-ws-subscribe', { status: { event: 'disconnect' } }), null);
  const subscribe = run(byWebsocket, 'mg-ws-subscribe', { status: { event: 'connect' } }) as Message;
  client.say(JSON.parse(String(subscribe.payload)));
  t.is(run(byWebsocket, 'mg-ws-sort', { payload: await client.reply(1) }), null);
  const event = await client.until(() => client.lines.find(({ method }) => method === 'event'));
  const [value] = run(byWebsocket, 'mg-ws-sort', { payload: event }) as Message[];
  t.regex(String(value?.topic), /^[567] Temperature$/);
  t.is(typeof value?.payload, 'number');
});

function readFlow(name: string): readonly FlowNode[] {
  return JSON.parse(readFileSync(join(packageRoot, 'examples', name), 'utf8')) as FlowNode[];
}

function find(flow: readonly FlowNode[], id: string): FlowNode {
  const found = flow.find((node) => node.id === id);
  if (!found) throw new Error(`no node ${id}`);
  return found;
}

/** Runs a function node as Node-RED does, which has variables of its own there: `msg` in, one or more messages out. */
function run(flow: readonly FlowNode[], id: string, msg: Message): unknown {
  return new Function('msg', 'node', 'RED', 'context', 'flow', 'global', 'env', find(flow, id).func ?? '')(
    msg,
  );
}

/** Whether a topic fits a filter of MQTT with `+`. */
function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  return (
    levels.length === wanted.length && wanted.every((level, at) => level === '+' || level === levels[at])
  );
}
