/**
 * What firmware of each generation says, where they differ.
 *
 *     1   D sequence, GPS        GETDF unknown     Error: Buffer might …
 *     2   the same; 05 position  GETDF             [Warning] Buffer might …
 *     3   D sequence; { report   GETDF             [Warning] Buffer might …
 *
 * In the third the root turns each GPS reading into a JSON report, so no value of it comes in binary.
 */
export const GENERATIONS = [1, 2, 3] as const;

export type Generation = (typeof GENERATIONS)[number];

interface Habits {
  /** The data update carries GPS; without it a JSON report follows. */
  readonly gpsInUpdate: boolean;
  /** Opcode 05, the exact position. */
  readonly sendsPosition: boolean;
  /** Answers GETDF. */
  readonly listsPaths: boolean;
  /** What the root says when it has lost half a message. */
  readonly halfMessage: string;
}

const COMPLAINT = 'Buffer might have remaining half message!!\n';

export const HABITS: Readonly<Record<Generation, Habits>> = {
  1: { gpsInUpdate: true, sendsPosition: false, listsPaths: false, halfMessage: `Error: ${COMPLAINT}` },
  2: { gpsInUpdate: true, sendsPosition: true, listsPaths: true, halfMessage: `[Warning] ${COMPLAINT}` },
  3: { gpsInUpdate: false, sendsPosition: false, listsPaths: true, halfMessage: `[Warning] ${COMPLAINT}` },
};
