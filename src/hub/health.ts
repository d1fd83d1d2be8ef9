/** Whether the gateway works: the one assessment, used by `/readyz`, `meshgate health` and the metrics. */
import type { LinkDownReason } from '../link/link.js';
import { isOpen, type LinkStatus } from '../link/link-keeper.js';
import type { Alarm } from './alarms.js';
import type { ArchiveStatus } from './archive.js';

/** `unhealthy`: the gateway does not do its job. `degraded`: it does, but needs attention. */
export const HEALTH_LEVELS = ['healthy', 'degraded', 'unhealthy'] as const;

export type HealthLevel = (typeof HEALTH_LEVELS)[number];

/** In the order in which they are shown. */
export const HEALTH_CHECKS = ['link', 'root', 'alarms', 'nodes', 'history'] as const;

export type HealthCheck = (typeof HEALTH_CHECKS)[number];

/** Why a check fails, besides the reasons why a link is down, which are all `unhealthy`. */
export const HEALTH_REASONS = {
  notOpenYet: { level: 'unhealthy', text: 'the link has not been opened yet' },
  rootNotHeard: {
    level: 'unhealthy',
    text: 'the link is open, but nothing has been received from the root yet',
  },
  rootSilent: {
    level: 'unhealthy',
    text: 'nothing received from the root for longer than mesh.root_silent_after_s',
  },
  socketLost: { level: 'unhealthy', text: 'a client socket is gone' },
  highAlarm: { level: 'unhealthy', text: 'an alarm of high priority is active' },
  activeAlarm: { level: 'degraded', text: 'an alarm of medium or low priority is active' },
  mostNodesDisconnected: { level: 'unhealthy', text: 'more than half of the nodes are disconnected' },
  nodesDisconnected: { level: 'degraded', text: 'nodes are disconnected' },
  historyInMemory: {
    level: 'unhealthy',
    text: 'the history could not be opened: data is kept in memory only',
  },
  historyFailing: { level: 'unhealthy', text: 'cannot write to the history' },
} as const;

export type HealthReason = keyof typeof HEALTH_REASONS | LinkDownReason;

/** Why each check fails; undefined if it passes. */
export interface Health extends Readonly<Record<HealthCheck, HealthReason | undefined>> {
  /** The link is open. */
  readonly link: HealthReason | undefined;
  /** The link is open, and the root has been heard recently. */
  readonly root: HealthReason | undefined;
  /** The same, and clients can connect on every socket: reported by `/readyz`. */
  readonly ready: HealthReason | undefined;
  /** No alarm is active. */
  readonly alarms: HealthReason | undefined;
  /** No node is disconnected. */
  readonly nodes: HealthReason | undefined;
  /** Events are stored as configured. */
  readonly history: HealthReason | undefined;
  /** Details, if they are not. */
  readonly historyFault: string | undefined;
}

interface NodeCounts {
  readonly total: number;
  readonly disconnected: number;
}

export interface HealthFacts {
  readonly link: LinkStatus;
  /** Since the last frame from the root, by the monotonic clock; Infinity before the first. */
  readonly rootSilentMs: number;
  readonly rootSilentAfterMs: number;
  readonly alarms: readonly Alarm[];
  /** Called on demand: it goes through all nodes, and `/readyz` needs no authentication. */
  readonly countNodes: () => NodeCounts;
  readonly history: Pick<ArchiveStatus, 'file' | 'fault'>;
  readonly areSocketsLost: boolean;
}

export function judgeHealth(facts: HealthFacts): Health {
  const { link, rootSilentMs, rootSilentAfterMs } = facts;
  const linkFault = judgeLink(link);
  const rootFault = linkFault ?? judgeRoot(link, rootSilentMs >= rootSilentAfterMs);
  return {
    link: linkFault,
    root: rootFault,
    ready: rootFault ?? (facts.areSocketsLost ? 'socketLost' : undefined),
    alarms: judgeAlarms(facts.alarms),
    get nodes() {
      return judgeNodes(facts.countNodes());
    },
    history: judgeHistory(facts.history),
    historyFault: facts.history.fault,
  };
}

export function levelOf(reason: HealthReason | undefined): HealthLevel {
  if (reason === undefined) return 'healthy';
  return reason in HEALTH_REASONS ? HEALTH_REASONS[reason as keyof typeof HEALTH_REASONS].level : 'unhealthy';
}

/** The worst of several. */
export function worstLevel(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('unhealthy')) return 'unhealthy';
  return levels.includes('degraded') ? 'degraded' : 'healthy';
}

function judgeLink(link: LinkStatus): HealthReason | undefined {
  return isOpen(link) ? undefined : (link.reason ?? 'notOpenYet');
}

function judgeRoot({ state }: LinkStatus, isSilent: boolean): HealthReason | undefined {
  if (state !== 'up') return 'rootNotHeard';
  return isSilent ? 'rootSilent' : undefined;
}

function judgeAlarms(alarms: readonly Alarm[]): HealthReason | undefined {
  const active = alarms.filter(({ active }) => active);
  if (active.some(({ priority }) => priority === 'high')) return 'highAlarm';
  return active.length > 0 ? 'activeAlarm' : undefined;
}

function judgeNodes({ total, disconnected }: NodeCounts): HealthReason | undefined {
  if (disconnected === 0) return undefined;
  return disconnected * 2 > total ? 'mostNodesDisconnected' : 'nodesDisconnected';
}

/** Without a fault, history in memory only is what the settings ask for. */
function judgeHistory({ file, fault }: HealthFacts['history']): HealthReason | undefined {
  if (fault === undefined) return undefined;
  return file === undefined ? 'historyInMemory' : 'historyFailing';
}
