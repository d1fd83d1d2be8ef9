/** `problem`: something to do; `warning`: something to look at; `skipped`: it does not matter here, or can't be seen. */
export type Verdict = 'fine' | 'warning' | 'problem' | 'skipped';

/** What was looked at and found; `advice`: what to do about a problem or a warning. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly advice?: string;
}
