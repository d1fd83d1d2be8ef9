/** `fine`; `problem`: something to do; `skipped`: it does not matter here, or can't be told. */
export type Verdict = 'fine' | 'problem' | 'skipped';

/** What was looked at and found; `advice`: what to do about a problem. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly advice?: string;
}
