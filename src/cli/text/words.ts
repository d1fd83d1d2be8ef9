/** The gateway's answers in words. */
import type { HistoryInfo, LinkInfo, MeshEvent, NodeInfo } from '../../client/index.js';
import type { Colour, View } from './terminal.js';
import { formatDuration, formatMoment } from './time.js';

export type Status = NodeInfo['status'];

const STATUS_COLOURS: Readonly<Record<Status, Colour>> = {
  active: 'green',
  idle: 'yellow',
  disconnected: 'red',
  unheard: 'dim',
  unknown: 'dim',
};

/** Every status of a node: the choices of `--status`. */
export const STATUSES = Object.keys(STATUS_COLOURS) as Status[];

export function colourOfStatus({ status }: { readonly status: Status }): Colour {
  return STATUS_COLOURS[status];
}

/** `active`; `unknown, restored` for a node not heard since the gateway started. */
export function describeNodeStatus({ status, restored }: Pick<NodeInfo, 'status' | 'restored'>): string {
  return restored ? `${status}, restored` : status;
}

/** `/var/lib/meshgate/history.db (node:sqlite)`; an earlier gateway does not name its driver. */
export function describeHistory({ file, fault, driver }: HistoryInfo): string {
  if (file === null) return fault === null ? 'in memory only' : `in memory only: ${fault}`;
  const named = driver ? `${file} (${driver})` : file;
  return fault === null ? named : `${named}, not being written: ${fault}`;
}

/** `12, all active`; `12, of which 10 active, 2 idle`. */
export function describeStatusCounts(counts: Readonly<Record<Status, number>>): string {
  const total = STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const parts = STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${counts[status]} ${status}`,
  );
  if (total === 0) return 'none yet';
  const [only] = STATUSES.filter((status) => counts[status] === total);
  return only ? `${total}, all ${only}` : `${total}, of which ${parts.join(', ')}`;
}

const RECOVERY_STEPS = {
  probe: 'asked for its nodes',
  restart: 'restart sent (RST-R)',
  resetLines: 'board reset by DTR and RTS',
  reopen: 'port closed and reopened',
} as const;

/** `silent: restart sent (RST-R), round 2`. */
export function describeRecovery({ step, round, outcome }: Extract<MeshEvent, { kind: 'recovery' }>): string {
  const times = round === 1 ? '' : `, round ${round}`;
  return `silent: ${RECOVERY_STEPS[step]}${outcome === 'done' ? '' : ': not possible'}${times}`;
}

const LINK_STATES: Readonly<Record<LinkInfo['state'], string>> = {
  absent: 'down',
  opening: 'opening',
  probing: 'open, no message from the root yet',
  up: 'up',
  backingOff: 'down, retrying',
  maintenance: 'closed for maintenance',
  stopped: 'stopped',
};

/** The link of a device's source; a source may not have said yet how it is. */
export function describeSourceLink(link: LinkInfo, view: View): string {
  if (link.since === 0) return 'not reported';
  const text = describeLink(link, view);
  return link.state === 'probing' ? text.replace(LINK_STATES.probing, 'open, no answer yet') : text;
}

/** `up for 3 min (since 14:05:09): /dev/ttyUSB0`. */
export function describeLink({ state, since, port, detail }: LinkInfo, view: View): string {
  const duration = formatDuration(view.now - since);
  const what = [port, detail].filter((part) => part !== null).join('; ');
  return `${LINK_STATES[state]} for ${duration} (since ${formatMoment(since, view)})${what && `: ${what}`}`;
}
