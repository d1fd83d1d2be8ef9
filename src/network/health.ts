/** Whether the gateway does what it is there for: the one judgement, for `/readyz`, `meshgate health` and metrics. */
import type { LinkDownReason } from '../uart/link.js';
import type { LinkStatus } from '../uart/link-keeper.js';
import type { Alarm } from './alarms.js';

/** Why a check is not passed, beside the reasons why a link is down. */
export const HEALTH_REASONS = {
  notOpenYet: 'the link is being opened',
  rootNotHeard: 'the link is open, but the root has not spoken yet',
  rootSilent: 'the root has said nothing for longer than mesh.root_silent_after_s',
  highAlarm: 'an alarm of high priority is active',
  historyFailing: 'the history store can not be written',
} as const;

export type HealthReason = keyof typeof HEALTH_REASONS | LinkDownReason;

/** Why each check is not passed; undefined where it is. */
export interface Health {
  /** The link is open. */
  readonly link: HealthReason | undefined;
  /** The link is open, and the root has spoken lately: what `/readyz` tells. */
  readonly root: HealthReason | undefined;
  /** No alarm of high priority is active. */
  readonly alarms: HealthReason | undefined;
  /** The history store is written, or none is wanted. */
  readonly history: HealthReason | undefined;
  /** Why it is not, in words. */
  readonly historyFault: string | undefined;
}

export interface HealthFacts {
  readonly link: LinkStatus;
  /** Since the last word of the root, by a clock that is never set; Infinity when there was none. */
  readonly rootSilentMs: number;
  readonly rootSilentAfterMs: number;
  readonly alarms: readonly Alarm[];
  /** Why the history store is not written; undefined while it is, or where none is wanted. */
  readonly historyFault: string | undefined;
}

export function judgeHealth({
  link,
  rootSilentMs,
  rootSilentAfterMs,
  alarms,
  historyFault,
}: HealthFacts): Health {
  const linkFault = judgeLink(link);
  return {
    link: linkFault,
    root: linkFault ?? judgeRoot(link, rootSilentMs >= rootSilentAfterMs),
    alarms: alarms.some(({ active, priority }) => active && priority === 'high') ? 'highAlarm' : undefined,
    history: historyFault === undefined ? undefined : 'historyFailing',
    historyFault,
  };
}

function judgeLink({ state, reason }: LinkStatus): HealthReason | undefined {
  return state === 'up' || state === 'probing' ? undefined : (reason ?? 'notOpenYet');
}

function judgeRoot({ state }: LinkStatus, isSilent: boolean): HealthReason | undefined {
  if (state !== 'up') return 'rootNotHeard';
  return isSilent ? 'rootSilent' : undefined;
}
