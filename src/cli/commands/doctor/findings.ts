/** `problem`: must be fixed; `warning`: worth a look; `skipped`: not relevant here, or could not be checked. */
export type Verdict = 'fine' | 'warning' | 'problem' | 'skipped';

/** The result of a check; `advice`: what to do about a problem or a warning. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly advice?: string;
}
