import test from 'ava';
import { formatDifferences } from '../../src/cli/commands/replay/replay-differences.js';
import { type ComparedEvent, compareEvents } from '../../src/replay/compare-events.js';
import { EVENTS } from '../support/cli-samples.js';

process.env.TZ = 'UTC';

const VIEW = { terminal: { isTTY: false, columns: undefined, colour: false }, now: 0 };
const all = EVENTS.flatMap((event): ComparedEvent[] => ('seq' in event ? [event] : []));

function differencesTo(got: readonly ComparedEvent[]): string {
  return formatDifferences(compareEvents(all, got, 10), all, got, VIEW);
}

test('without differences, the output says so', (t) => {
  t.is(differencesTo(all), `${all.length} events, all as expected\n`);
});

test('the output shows the event, the field, the expected and actual values, and the events before it', (t) => {
  const got = all.flatMap((event) => {
    if (event.seq === 3) return [];
    if (event.seq === 5) return [{ ...event, at: 7, more: 'evil \x1b[31mtext\u009b2J' }];
    return event.seq === 11 ? [event, { seq: 11, kind: 'unheard of' }] : [event];
  });
  t.is(differencesTo(got), DIFFERENCES);
});

const DIFFERENCES = `expected 21 events, got 21; first differences:

1 event missing, starting at event 3:
    1  2026-05-01 14:04:59.001  link      up         up for 1 h 1 min (since 2026-05-01 13:03:04): /dev/ttyUSB0
    2  2026-05-01 14:04:59.002  0x0005    value      Sequence 17
  - 3  2026-05-01 14:04:59.003  0x0005    value      GPS longitude -123.27 deg, latitude 44.571 deg

event 5 differs:
    3  2026-05-01 14:04:59.003  0x0005    value      GPS longitude -123.27 deg, latitude 44.571 deg
    4  2026-05-01 14:04:59.004  0x0005    Data       0200110165
  * 5  2026-05-01 14:04:59.005  0x0005    Echo       68656c6c6f "hello"
      at
        - 1777644299005
        + 7
      more
        - absent
        + "evil \\u001b[31mtext"

1 event not expected before event 12:
    10  2026-05-01 14:04:59.010  0x0006    node       added
    11  2026-05-01 14:04:59.011  0x0006    node       is idle
  + {"seq":11,"kind":"unheard of"}
`;

test('only the first events of a long list are shown', (t) => {
  const text = differencesTo(all.slice(0, 3));
  t.regex(text, /^18 events missing, starting at event 4:$/m);
  t.regex(text, /^ {4}and 13 more$/m);
});
