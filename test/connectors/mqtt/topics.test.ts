import test from 'ava';
import fc from 'fast-check';
import { Topics, topicLevel } from '../../../src/mqtt/topics.js';

for (const [text, level] of [
  ['Temperature', 'Temperature'],
  ['Soil moisture', 'Soil moisture'],
  ['a/b', 'a%2Fb'],
  ['+', '%2B'],
  ['#', '%23'],
  ['100 %', '100 %25'],
  ['tab\there\u0000', 'tab%09here%00'],
  ['\u0085', '%C2%85'],
  ['°C', '°C'],
  ['', '%00'],
] as const) {
  test(`as a topic level ${JSON.stringify(text)} is ${JSON.stringify(level)}`, (t) => {
    t.is(topicLevel(text), level);
  });
}

test('any name is one level, without wildcards, and unique to that name', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      const level = topicLevel(one);
      const isPlain = level !== '' && !/[/+#]|\p{Cc}/u.test(level);
      const isOnlyIts = one === other || one + other === '\0' || level !== topicLevel(other);
      return isPlain && isOnlyIts;
    }),
  );
  t.pass();
});

test('topics are below prefix and id', (t) => {
  const topics = new Topics('farm/site', 'north/2');
  t.is(topics.base, 'farm/site/north%2F2');
  t.is(topics.node(5), 'farm/site/north%2F2/node/0x0005');
  t.is(topics.alarm('NODE_DISCONNECTED:5'), 'farm/site/north%2F2/alarm/NODE_DISCONNECTED:5');
  t.is(
    topics.event('message', '0x0005', 'Unknown 0x99'),
    'farm/site/north%2F2/event/message/0x0005/Unknown 0x99',
  );
});

test('a command is the part below cmd', (t) => {
  const topics = new Topics('farm', 'north');
  t.is(topics.commandIn('farm/north/cmd/send'), 'send');
  t.is(topics.commandIn('farm/south/cmd/send'), undefined);
  t.is(topics.commandIn('farm/north/answer/send'), undefined);
});
