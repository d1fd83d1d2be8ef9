/**
 * Differences between the firmware generations.
 *
 *     1   D sequence, GPS        GETDF unknown     Error: Buffer might …
 *     2   the same; 05 position  GETDF             [Warning] Buffer might …
 *     3   D sequence; { report   GETDF             [Warning] Buffer might …
 *
 * In the third the root turns each GPS reading into a JSON report, so GPS never comes in binary.
 */
export const GENERATIONS = [1, 2, 3] as const;

export type Generation = (typeof GENERATIONS)[number];

interface Behaviour {
  /** The data update carries GPS; without it a JSON report follows. */
  readonly gpsInUpdate: boolean;
  /** Opcode 05, the exact position. */
  readonly sendsPosition: boolean;
  /** Answers GETDF. */
  readonly listsPaths: boolean;
  /** The root's text when it has lost half a message. */
  readonly halfMessage: string;
}

const HALF_MESSAGE = 'Buffer might have remaining half message!!\n';

export const BEHAVIOUR: Readonly<Record<Generation, Behaviour>> = {
  1: { gpsInUpdate: true, sendsPosition: false, listsPaths: false, halfMessage: `Error: ${HALF_MESSAGE}` },
  2: { gpsInUpdate: true, sendsPosition: true, listsPaths: true, halfMessage: `[Warning] ${HALF_MESSAGE}` },
  3: { gpsInUpdate: false, sendsPosition: false, listsPaths: true, halfMessage: `[Warning] ${HALF_MESSAGE}` },
};
