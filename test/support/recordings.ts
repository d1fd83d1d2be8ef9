import { Recorder } from '../../src/recorder/recorder.js';
import { type Entry, encodeHead, Recording } from '../../src/recorder/recording.js';
import { ManualClock } from './manual-clock.js';

export const HEAD = { gateway: '0.0.0', run: 'run1', redacted: false };

/** A recorder on a clock moved by hand, and what it has recorded. */
export class RecorderFixture {
  readonly clock: ManualClock;
  readonly recorder: Recorder;
  /** Blocks that were finished. */
  readonly finished: Buffer[] = [];

  constructor({ limit = 16_777_216, startsAt = Date.UTC(2026, 4, 1, 6) } = {}) {
    this.clock = new ManualClock(startsAt);
    this.recorder = new Recorder({
      clock: this.clock,
      limit,
      onBlock: (bytes) => this.finished.push(bytes),
    });
  }

  /** All that is held, as a file. */
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

/** `fromRoot ff0005fe`, one a record; texts as they are. */
export function textsOf(entries: Iterable<Entry>): string[] {
  return [...entries].map(({ kind, payload }) => {
    const isBytes = kind === 'fromRoot' || kind === 'toRoot' || kind === 'request' || kind === 'reply';
    return `${kind} ${payload.toString(isBytes ? 'hex' : 'utf8').replaceAll('\0', '|')}`.trim();
  });
}
