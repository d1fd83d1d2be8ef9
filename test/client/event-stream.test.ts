import test from 'ava';
import { EventStream, type StreamEvent } from '../../src/client/event-stream.js';

const WAITING = 10_000;

function event(seq: number): StreamEvent {
  return { kind: 'console', seq, at: 0, line: '' };
}

const SNAPSHOT = { kind: 'snapshot', snapshot: { seq: 7 } } as unknown as StreamEvent;

/** All queued events; the stream must have been ended. */
async function drain(stream: EventStream): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const each of stream) events.push(each);
  return events;
}

function filled(amount: number): EventStream {
  const stream = new EventStream(() => {});
  for (let seq = 1; seq <= amount; seq++) stream.push(event(seq));
  return stream;
}

test('a waiting reader gets each event as it arrives', async (t) => {
  const stream = new EventStream(() => {});
  const next = stream.next();
  stream.push(event(1));
  t.deepEqual(await next, { done: false, value: event(1) });
});

test('queued events are still delivered after the stream has ended, then the end, every time', async (t) => {
  const stream = filled(2);
  stream.end();
  stream.push(event(3));
  t.is((await drain(stream)).length, 2);
  t.deepEqual(await stream.next(), { done: true, value: undefined });
});

test('a stream that fails throws after the queued events', async (t) => {
  const stream = filled(1);
  stream.end(new Error('over'));
  t.is((await stream.next()).done, false);
  await t.throwsAsync(stream.next(), { message: 'over' });
});

test('a waiting reader gets the end or the failure', async (t) => {
  const ended = new EventStream(() => {});
  const end = ended.next();
  ended.end();
  t.true((await end).done);
  const failed = new EventStream(() => {});
  const failure = failed.next();
  failed.end(new Error('over'));
  await t.throwsAsync(failure, { message: 'over' });
});

test('a reader that leaves its loop ends the stream, and the owner is notified once', async (t) => {
  let ends = 0;
  const stream = new EventStream(() => {
    ends++;
  });
  for (let seq = 1; seq <= 3; seq++) stream.push(event(seq));
  for await (const each of stream) {
    t.is('seq' in each && each.seq, 1);
    break;
  }
  stream.end();
  t.is(ends, 1);
  t.true((await stream.next()).done);
});

test('a program that does not read its events gets a gap for those it missed, after the first 9,999', async (t) => {
  const stream = filled(WAITING + 500);
  stream.end();
  const events = await drain(stream);
  t.is(events.length, WAITING);
  t.deepEqual(events.at(-2), event(WAITING - 1));
  t.deepEqual(events.at(-1), { kind: 'gap', from: WAITING, to: WAITING + 500, where: 'program' });
});

test('events that arrive when there is room again follow the gap', async (t) => {
  const stream = filled(WAITING + 5);
  await stream.next();
  stream.push(event(WAITING + 6));
  stream.end();
  const events = await drain(stream);
  t.like(events.at(-2), { from: WAITING, to: WAITING + 5 });
  t.deepEqual(events.at(-1), event(WAITING + 6));
});

test('a gap that does not fit becomes part of the program’s gap', async (t) => {
  const stream = filled(WAITING);
  stream.push({ kind: 'gap', from: WAITING + 1, to: WAITING + 40, where: 'connection' });
  stream.end();
  t.like((await drain(stream)).at(-1), { from: WAITING, to: WAITING + 40, where: 'program' });
});

test('an open-ended gap stays open-ended', async (t) => {
  const stream = filled(WAITING);
  stream.push({ kind: 'gap', from: WAITING + 1, to: null, where: 'gateway' });
  stream.push(event(3));
  stream.end();
  t.like((await drain(stream)).at(-1), { from: WAITING, to: null, where: 'program' });
});

test('a snapshot that does not fit becomes part of the gap', async (t) => {
  const stream = filled(WAITING);
  stream.push(SNAPSHOT);
  stream.push(event(WAITING + 1));
  stream.end();
  t.like((await drain(stream)).at(-1), { kind: 'gap', to: WAITING + 1 });
});
