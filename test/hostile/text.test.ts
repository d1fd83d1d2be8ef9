/** Text from nodes, firmware, devices and clients: anything that a terminal, a log or a page could interpret is removed. */
import test from 'ava';
import { cleanLines } from '../../src/base/clean-text.js';
import { systemClock } from '../../src/base/clock.js';
import { createLog } from '../../src/base/log.js';
import { formatAlarms } from '../../src/cli/commands/alarms.js';
import { formatAudit } from '../../src/cli/commands/audit.js';
import { reportFailure } from '../../src/cli/exit-codes.js';
import { safeJson } from '../../src/cli/output.js';
import { RequestError } from '../../src/client/errors.js';
import { bytesOf } from '../support/hex.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { SessionFixture } from '../support/session-fixture.js';

/** Colours, a window title, a C1 control sequence, text that runs backwards, a line of its own, HTML. */
const NASTY =
  '\x1b[2J\x1b]0;owned\x07\x9b31mred\u202eback\u200f\r\n12:00:00 audit: forged <img src=x onerror=alert(1)>\0\x7f';

function isSafe(text: string): boolean {
  return [...text].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return !isControl && !turns && ![0x61c, 0x200e, 0x200f, 0x2028, 0x2029].includes(code);
  });
}

const linesAreSafe = (text: string) => text.split('\n').every(isSafe);

test('a log entry is one line, and no text can forge a second one', (t) => {
  const lines: string[] = [];
  const log = createLog('socket', (line) => lines.push(line), systemClock);
  log.info(NASTY);
  log.warn('fault', NASTY);
  for (const line of lines) {
    t.true(linesAreSafe(line), JSON.stringify(line));
    t.is(line.split('\n').filter((part) => /^\d\d:\d\d:\d\d /.test(part)).length, 1);
  }
});

test('further lines are indented', (t) => {
  t.is(cleanLines('one\ntwo\x1b[1m', '  '), 'one\n  two');
});

test('firmware text and console lines are sanitized in the log and in events', async (t) => {
  const fixture = await SessionFixture.open();
  await fixture.subscribe();
  fixture.mesh.network.onFrame(Buffer.concat([bytesOf('00 00'), Buffer.from(`Error: ${NASTY}`)]));
  const events = fixture.events();
  const texts = events.flatMap((event) => (event.kind === 'message' ? (event.message.text ?? []) : []));
  for (const text of [...texts, ...fixture.mesh.lines]) t.true(linesAreSafe(text), JSON.stringify(text));
  t.true(events.length > 0);
});

test('the text of a W-LOG is sanitized for the others', async (t) => {
  const fixture = new NetworkFixture();
  await fixture.hub.commands.execute({ kind: 'log', text: NASTY }, 'client 1');
  const [event] = fixture.events;
  t.true(event?.kind === 'traffic' && event.what === 'log' && isSafe(event.text));
});

test('tables of the command line are sanitized, whatever they contain', (t) => {
  const view = { terminal: { isTTY: true, columns: 200, hasColour: false }, now: 0 } as never;
  const alarm = {
    id: NASTY,
    code: 'ROOT_SILENT',
    priority: 'low',
    node: null,
    text: NASTY,
    firstAt: 0,
    lastAt: 0,
    count: 1,
    active: true,
    acknowledged: false,
    restored: false,
  } as const;
  t.true(linesAreSafe(formatAlarms([alarm], view)));
  const entry = { at: 0, client: NASTY, via: NASTY, role: 'admin', action: NASTY, outcome: NASTY } as const;
  t.true(linesAreSafe(formatAudit([entry], view)));
});

test('an error from the server of the socket is sanitized', (t) => {
  let text = '';
  reportFailure(new RequestError('UNKNOWN', NASTY), (part) => {
    text += part;
  });
  t.true(linesAreSafe(text), JSON.stringify(text));
});

test('JSON for programs contains no terminal commands either', (t) => {
  const json = safeJson({ text: NASTY });
  t.true(isSafe(json));
  t.deepEqual(JSON.parse(json), { text: NASTY });
});
