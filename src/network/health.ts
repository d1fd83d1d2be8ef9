/** Whether the gateway does what it is there for: the one judgement, for `/readyz`, `meshgate health` and metrics. */
import type { LinkDownReason } from '../uart/link.js';
import type { LinkStatus } from '../uart/link-keeper.js';
import type { Alarm } from './alarms.js';

/** Why a check is not passed, beside the reasons why a link is down. */
export const HEALTH_REASONS = {
  notOpenYet: 'the link is being opened',
  rootNotHeard: 'the link is open, but the root has not spoken yet',
  rootSilent: 'the root has said nothing for longer than mesh.root_silent_after_s',
  socketLost: 'a socket on which clients connect has gone',
  highAlarm: 'an alarm of high priority is active',
} as const;

export type HealthReason = keyof typeof HEALTH_REASONS | LinkDownReason;

/** Why each check is not passed; undefined where it is. */
export interface Health {
  /** The link is open. */
  readonly link: HealthReason | undefined;
  /** The link is open, and the root has spoken lately. */
  readonly root: HealthReason | undefined;
  /** The same, and clients can connect on every socket: what `/readyz` reports. */
  readonly ready: HealthReason | undefined;
  /** No alarm of high priority is active. */
  readonly alarms: HealthReason | undefined;
}

export interface HealthFacts {
  readonly link: LinkStatus;
  /** Since the last word of the root, by a clock that is never set; Infinity when there was none. */
  readonly rootSilentMs: number;
  readonly rootSilentAfterMs: number;
  readonly alarms: readonly Alarm[];
  readonly areSocketsLost: boolean;
}

export function judgeHealth(facts: HealthFacts): Health {
  const { link, rootSilentMs, rootSilentAfterMs, alarms, areSocketsLost } = facts;
  const linkFault = judgeLink(link);
  const rootFault = linkFault ?? judgeRoot(link, rootSilentMs >= rootSilentAfterMs);
  return {
    link: linkFault,
    root: rootFault,
    ready: rootFault ?? (areSocketsLost ? 'socketLost' : undefined),
    alarms: alarms.some(({ active, priority }) => active && priority === 'high') ? 'highAlarm' : undefined,
  };
}

function judgeLink({ state, reason }: LinkStatus): HealthReason | undefined {
  return state === 'up' || state === 'probing' ? undefined : (reason ?? 'notOpenYet');
}

function judgeRoot({ state }: LinkStatus, isSilent: boolean): HealthReason | undefined {
  if (state !== 'up') return 'rootNotHeard';
  return isSilent ? 'rootSilent' : undefined;
}
