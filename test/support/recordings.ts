import type { LinkFacts } from '../../src/recorder/link-facts.js';
import { Recorder } from '../../src/recorder/recorder.js';
import { type Entry, encodeHead, Recording } from '../../src/recorder/recording.js';
import { ManualClock } from './manual-clock.js';

export const HEAD = { gateway: '0.0.0', run: 'run1', redacted: false };

/** A port without special features. */
export function port(name = '/dev/ttyUSB0'): LinkFacts {
  return { name, identity: '', hasLines: false };
}

/** A recorder on a clock moved by hand, and its recordings. */
export class RecorderFixture {
  readonly clock: ManualClock;
  readonly recorder: Recorder;
  /** Finished blocks. */
  readonly finished: Buffer[] = [];

  constructor({ limit = 16_777_216, startsAt = Date.UTC(2026, 4, 1, 6) } = {}) {
    this.clock = new ManualClock(startsAt);
    this.recorder = new Recorder({
      clock: this.clock,
      limit,
      onBlock: (bytes) => this.finished.push(bytes),
    });
  }

  /** Everything held, as a file. */
  file(): Buffer {
    const { blocks } = this.recorder.read({}, Number.POSITIVE_INFINITY);
    const head = encodeHead({ ...HEAD, run: this.recorder.run });
    return Buffer.concat([head, blocks]);
  }

  recording(): Recording {
    return new Recording(this.file());
  }

  entries(): Entry[] {
    return [...this.recording().entries()];
  }
}

/** `fromRoot ff0005fe`, one per record; texts unchanged. */
export function textsOf(entries: Iterable<Entry>): string[] {
  return [...entries].map(({ kind, payload }) => {
    const isBytes = kind === 'fromRoot' || kind === 'toRoot' || kind === 'request' || kind === 'reply';
    const text = payload.toString(isBytes ? 'hex' : 'utf8').replaceAll('\0', '|');
    return `${kind} ${kind === 'link' || kind === 'opened' ? text.replace(/\|\|$/, '') : text}`.trim();
  });
}
