/** The result of a command of the supply. */
export interface HvOutcome {
  readonly status: 'ok' | 'timeout';
  /** V; only of a check. */
  readonly voltage?: number;
  readonly error?: number;
}

const DIGITS = 2;

export function describeResult(asked: number, outcome: HvOutcome | undefined): string {
  if (!outcome) return `hv:1: the set point of ${asked} V is not confirmed yet`;
  const { status, voltage, error = 0 } = outcome;
  const seen = voltage === undefined ? 'no reading' : `${voltage.toFixed(DIGITS)} V`;
  if (status === 'timeout') return `hv:1 did not reach ${asked} V in time: ${seen}; the set point stays`;
  if (voltage === undefined) return `hv:1 is set to ${asked} V`;
  return `hv:1 is at ${seen}: ${error < 0 ? '-' : '+'}${Math.abs(error).toFixed(DIGITS)} V from ${asked} V`;
}
