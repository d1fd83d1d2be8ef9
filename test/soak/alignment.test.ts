import test from 'ava';
import fc from 'fast-check';
import { Alignment, type Delivered, type MissingReason } from '../../soak/account/alignment.js';
import type { SettledEntry } from '../../soak/account/timed-ledger.js';

/** `A` was sent and arrived complete, `a` was damaged on the line. */
function sent(letters: string): SettledEntry[] {
  return [...letters].map((letter, index) => ({
    id: index + 1,
    atMs: index,
    body: Buffer.from(letter.toUpperCase()),
    fate: letter === letter.toUpperCase() ? 'whole' : 'damaged',
    causes: [],
    handedAt: index,
    port: 'open',
    wasHeldUp: false,
  }));
}

const MARKS: Readonly<Record<string, Delivered>> = {
  '|': { kind: 'break', reason: 'portClosed' },
  '!': { kind: 'break', reason: 'gatewayDown' },
  '2': { kind: 'break', reason: 'gapNotice', numbers: 2 },
};

/** Letters are messages; `|` and `!` are breaks, `2` a gap notice for two numbers. */
function delivered(letters: string): Delivered[] {
  return [...letters].map((letter) => MARKS[letter] ?? { kind: 'message', body: Buffer.from(letter), at: 0 });
}

interface Laid {
  readonly matched: string;
  /** `portClosed:CD`. */
  readonly missing: string[];
  readonly extras: string[];
}

/** So that the client is known to be there when it begins. */
const LEAD = 'ΑΒΓΔΕΖΗΘ';

/** `pieces`: how many messages arrive between two checks. */
function lay(sentLetters: string, deliveredLetters: string, pieces = 1000): Laid {
  const laid = { matched: '', missing: [] as string[], extras: [] as string[] };
  const alignment = new Alignment({
    onMatched: ({ body }) => {
      laid.matched += body.toString();
    },
    onMissing: (entries, reason: MissingReason) =>
      laid.missing.push(`${reason}:${entries.map(({ body }) => body.toString()).join('')}`),
    onExtra: (body, isExplained) => laid.extras.push(`${isExplained ? 'damaged' : 'unexplained'}:${body}`),
  });
  alignment.addSent(sent(LEAD + sentLetters));
  delivered(LEAD + deliveredLetters).forEach((item, index) => {
    alignment.addDelivered(item);
    if (index % pieces === 0) alignment.advance();
  });
  alignment.finish();
  return { ...laid, matched: laid.matched.replace(LEAD, '') };
}

test('messages delivered as sent are matched', (t) => {
  t.deepEqual(lay('ABCDEF', 'ABCDEF'), { matched: 'ABCDEF', missing: [], extras: [] });
});

test('messages missing between two others without notice are unexplained', (t) => {
  t.deepEqual(lay('ABCDEFGHIJKL', 'ABCDGHIJKL'), {
    matched: 'ABCDGHIJKL',
    missing: ['unexplained:EF'],
    extras: [],
  });
});

test('messages missing at the end without notice are unexplained', (t) => {
  t.deepEqual(lay('ABCDEF', 'ABCD').missing, ['unexplained:EF']);
});

test('messages missing at a break are attributed to it', (t) => {
  t.deepEqual(lay('ABCDEFGHIJKL', 'ABC|GHIJKL').missing, ['portClosed:DEF']);
  t.deepEqual(lay('ABCDEFGHIJKL', 'ABC|!GHIJKL').missing, ['gatewayDown:DEF']);
});

test('a gap notice explains no more messages than the numbers in it', (t) => {
  t.deepEqual(lay('ABCDEFGHIJKL', 'ABC2FGHIJKL').missing, ['gapNotice:DE']);
  t.deepEqual(lay('ABCDEFGHIJKL', 'ABC2GHIJKL').missing, ['unexplained:DEF']);
});

test('a break after which nothing is missing explains nothing later', (t) => {
  t.deepEqual(lay('ABCDEFGHIJKLMNOP', 'ABC|DEFGHIJMNOP').missing, ['unexplained:KL']);
});

test('a message that was never sent matches a damaged frame, or is unexplained', (t) => {
  t.deepEqual(lay('ABcDEFGHIJ', 'AB?DEFGHIJ').extras, ['damaged:?']);
  t.deepEqual(lay('ABcDEFGHIJ', 'ABDEFG?HIJ').extras, ['unexplained:?']);
});

test('one damaged frame explains three messages, not more', (t) => {
  t.deepEqual(lay('ABcDEFGHIJ', 'AB....DEFGHIJ').extras, [
    'damaged:.',
    'damaged:.',
    'damaged:.',
    'unexplained:.',
  ]);
});

test('a message that comes twice is unexplained', (t) => {
  t.deepEqual(lay('ABCDEFGHIJ', 'ABCCDEFGHIJ').extras, ['unexplained:C']);
});

test('two swapped messages are detected', (t) => {
  const { missing, extras } = lay('ABCDEFGHIJKL', 'ABDCEFGHIJKL');
  t.true(missing.length + extras.length > 0);
});

test('where bodies repeat, the position is determined by what follows', (t) => {
  t.deepEqual(lay('AXBCDEXFGHIJ', 'A|XFGHIJ').missing, ['portClosed:XBCDE']);
});

const letters = fc.array(fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), { minLength: 40, maxLength: 200 });

test('in any stream, messages lost at a break are attributed to it, and the rest is matched', (t) => {
  const isPutDown = (all: string[], from: number, length: number, pieces: number) => {
    const text = all.join('');
    const start = from % (text.length - 20);
    const taken = text.slice(start, start + length);
    const { matched, missing, extras } = lay(
      text,
      `${text.slice(0, start)}|${text.slice(start + length)}`,
      pieces,
    );
    const missed = missing.map((each) => each.replace('portClosed:', '')).join('');
    return (
      matched.length === text.length - taken.length && missed.length === taken.length && extras.length === 0
    );
  };
  const numbers = [fc.nat(1000), fc.nat(10), fc.integer({ min: 1, max: 20 })] as const;
  t.notThrows(() => fc.assert(fc.property(letters, ...numbers, isPutDown), { numRuns: 300 }));
});

test('in any stream, one message that is missing without a break is found', (t) => {
  const isFound = (all: string[], from: number, pieces: number) => {
    const text = all.join('');
    const at = from % text.length;
    const { missing } = lay(text, text.slice(0, at) + text.slice(at + 1), pieces);
    return missing.some((each) => each.startsWith('unexplained:'));
  };
  const numbers = [fc.nat(1000), fc.integer({ min: 1, max: 20 })] as const;
  t.notThrows(() => fc.assert(fc.property(letters, ...numbers, isFound), { numRuns: 300 }));
});
