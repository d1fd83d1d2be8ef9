import test from 'ava';
import { Listening } from '../../soak/account/listening.js';

function listeningTo(...bodies: readonly string[]): Listening {
  const listening = new Listening();
  listening.onProcessStart();
  for (const body of bodies) listening.onMessage(Buffer.from(body));
  return listening;
}

function heard(text: string, run = 1) {
  return { run, bytes: Buffer.from(text) };
}

test('a listener’s stream is a contiguous part of the witness’s', (t) => {
  const listening = listeningTo('ab', 'cd', 'ef', 'gh');
  t.is(listening.judge(heard('cdef')), 'part');
  t.is(listening.judge(heard('abcdefgh')), 'part');
  t.is(listening.judge(heard('')), 'empty');
});

test('a gap, a swap, and a start in the middle of a message are unexplained', (t) => {
  const listening = listeningTo('ab', 'cd', 'ef', 'gh');
  for (const wrong of ['abef', 'cdab', 'bcd', 'xx', 'ghxx'])
    t.is(listening.judge(heard(wrong)), 'unexplained');
});

test('a listener may have more than the witness where the process was killed', (t) => {
  const listening = listeningTo('ab', 'cd');
  listening.onProcessStart();
  listening.onMessage(Buffer.from('xy'));
  t.is(listening.judge(heard('cdef')), 'beyond');
  t.is(listening.judge(heard('cdef', 2)), 'unexplained');
});
