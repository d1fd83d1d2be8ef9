import type { GivenFaults } from './fault-plan.js';

export interface Preset {
  /** Description for people. */
  readonly text: string;
  readonly faults: GivenFaults;
}

/** Built-in fault files. */
export const PRESETS = {
  'noisy-cable': {
    text: 'bytes are changed, lost and doubled, both ways',
    faults: {
      bytes: { flip: 0.0005, lose: 0.0003, double: 0.0003 },
      bytes_to_root: { flip: 0.0005, lose: 0.0003, double: 0.0003 },
    },
  },
  'flaky-root': {
    text: 'the root crashes, prints log lines into frames, and loses half messages; nodes come and go',
    faults: {
      log_text: { chance: 0.02 },
      resets: { after_s: [20, 90] },
      half_messages: { chance: 0.1 },
      churn: { share: 0.2, away_s: [10, 60] },
    },
  },
  'reset-loop': {
    text: 'the root restarts repeatedly, usually before it has finished booting',
    faults: { resets: { after_s: [20, 40], times: [5, 15], apart_s: [0.3, 4] } },
  },
  'silent-root': {
    text: 'the root falls silent: for some seconds, until RST-R, until DTR/RTS, or until the port is reopened',
    faults: {
      silence: [
        { after_s: [20, 60], for_s: [5, 20] },
        { after_s: [60, 180], for_s: 300, until: 'restart' },
        { after_s: [120, 300], for_s: 300, until: 'lines' },
        { after_s: [120, 300], for_s: 300, until: 'reopen' },
      ],
    },
  },
  'wrong-baud': {
    text: 'both sides receive garbage for some seconds, as with different baud rates',
    faults: { wrong_baud: { after_s: [15, 60], for_s: [3, 15] } },
  },
  storm: {
    text: 'all nodes send 50 updates per second for some seconds, on a line of 115200 baud',
    faults: { line: { baud: 115_200 }, storm: { after_s: [15, 45], for_s: [5, 10], rate_hz: 50 } },
  },
  'hang-ups': {
    text: 'the adapter is unplugged, and plugged in again some seconds later',
    faults: { hang_ups: { after_s: [20, 60], for_s: [1, 8] } },
  },
  mixed: {
    text: 'a bit of every fault, for long runs',
    faults: {
      bytes: { flip: 0.00005, lose: 0.00003, double: 0.00003 },
      bytes_to_root: { flip: 0.00005, lose: 0.00003, double: 0.00003 },
      log_text: { chance: 0.002 },
      line: { baud: 115_200 },
      half_messages: { chance: 0.02 },
      wrong_baud: { after_s: [600, 1800], for_s: [2, 10] },
      resets: { after_s: [300, 1200], times: [1, 3], apart_s: [1, 10] },
      silence: [
        { after_s: [300, 900], for_s: [5, 20] },
        { after_s: [1200, 3600], for_s: 300, until: 'restart' },
        { after_s: [1800, 5400], for_s: 300, until: 'lines' },
        { after_s: [1800, 5400], for_s: 300, until: 'reopen' },
      ],
      hang_ups: { after_s: [300, 1200], for_s: [1, 10] },
      churn: { share: 0.1, away_s: [30, 300] },
      storm: { after_s: [600, 1800], for_s: [3, 8], rate_hz: 20 },
    },
  },
} satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
