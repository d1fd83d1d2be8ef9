/** What usually goes wrong, looked at one by one. */
import { accessSync, constants } from 'node:fs';
import type { MeshgateClient } from '../client/index.js';
import { ClientError, connect, findSocket } from '../client/index.js';
import {
  choosePort,
  describePort,
  listPorts,
  type PortChoice,
  type SerialPortInfo,
} from '../uart/port-finder.js';
import { permissionAdvice } from './permission-advice.js';
import { findHolders } from './port-holders.js';
import type { Result } from './results.js';
import { describeStatusCounts } from './words.js';

/** `fine`; `problem`: something to do; `skipped`: it does not matter here, or can't be told. */
export type Verdict = 'fine' | 'problem' | 'skipped';

/** What was looked at and found; `advice`: what to do about a problem. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly advice?: string;
}

/** What tests replace. */
export interface DoctorParts {
  readonly listPorts?: () => Promise<readonly SerialPortInfo[]>;
  readonly procRoot?: string;
  readonly isUsable?: (path: string) => boolean;
  /** Rejects as `connect` does. */
  readonly connect?: typeof connect;
}

/** All checks, in the order in which a person would fix things. Never rejects because something is wrong. */
export async function examine(socket: string | undefined, parts: DoctorParts = {}): Promise<Finding[]> {
  const ports = await (parts.listPorts ?? listPorts)();
  const reached = await reach(socket, parts);
  const status = await reached.client?.status();
  try {
    const needsPort = status === undefined || status.link.port?.startsWith('/') !== false;
    const onPorts = needsPort ? examinePorts(ports, status, parts) : [notNeeded(status?.link.port)];
    const root =
      reached.client && status ? [examineLink(status), await examineRoot(reached.client, status)] : [];
    return [...onPorts, reached.finding, ...root];
  } finally {
    reached.client?.close();
  }
}

async function reach(
  socket: string | undefined,
  parts: DoctorParts,
): Promise<{ client?: MeshgateClient; finding: Finding }> {
  const path = findSocket(socket);
  const check = 'gateway';
  try {
    const client = await (parts.connect ?? connect)({ socket: path, reconnect: false });
    return { client, finding: { check, verdict: 'fine', text: `answers on ${path}` } };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const isForbidden = error.code === 'NO_PERMISSION';
    const text = isForbidden ? `this user may not use ${path}` : `none answers on ${path}`;
    const advice = isForbidden
      ? permissionAdvice(path)
      : 'start it: meshgate start; if it serves another socket: --socket PATH, or MESHGATE_SOCKET';
    return { finding: { check, verdict: 'problem', text, advice } };
  }
}

function notNeeded(link: string | null | undefined): Finding {
  return { check: 'serial port', verdict: 'skipped', text: `the gateway does not use one: ${link}` };
}

function examinePorts(
  ports: readonly SerialPortInfo[],
  status: Result<'status'> | undefined,
  parts: DoctorParts,
): Finding[] {
  const choice = choosePort(status?.link.port ?? 'auto', ports);
  if (choice.kind !== 'chosen') return [undecided(choice)];
  const { path } = choice;
  const port = ports.find((each) => each.path === path);
  const found: Finding = { check: 'serial port', verdict: 'fine', text: port ? describePort(port) : path };
  return [found, examineAccess(path, status, parts), examineHolders(path, status, parts)];
}

const BOARD_ADVICE =
  'otherwise check that the board is plugged in, that its cable carries data, and that dmesg names it';

/** A choice's own sentence ends in what to do. */
function undecided({ kind, candidates, why }: Exclude<PortChoice, { kind: 'chosen' }>): Finding {
  const at = why.lastIndexOf('; ');
  const advice = why.slice(at + 2);
  const more = kind === 'several' ? 'meshgate start --port PORT' : BOARD_ADVICE;
  return {
    check: 'serial port',
    verdict: 'problem',
    text: why.slice(0, at),
    advice: candidates.length === 0 ? advice : `${advice}; ${more}`,
  };
}

function examineAccess(path: string, status: Result<'status'> | undefined, parts: DoctorParts): Finding {
  const check = 'port permission';
  if (status?.link.state === 'up') return { check, verdict: 'fine', text: 'the gateway has it open' };
  if ((parts.isUsable ?? isUsable)(path))
    return { check, verdict: 'fine', text: 'this user may read and write it' };
  return {
    check,
    verdict: 'problem',
    text: `this user may not open ${path}`,
    advice: permissionAdvice(path),
  };
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function examineHolders(
  path: string,
  status: Result<'status'> | undefined,
  { procRoot }: DoctorParts,
): Finding {
  const check = 'port in use';
  const { found, hidden } = findHolders(path, procRoot);
  const others = found.filter(({ pid }) => pid !== status?.pid);
  if (others.length > 0) {
    const names = others.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
    const advice = `end ${others.length === 1 ? 'that program' : 'those programs'}: a serial port serves only one`;
    return { check, verdict: 'problem', text: `held by ${names}`, advice };
  }
  if (hidden > 0 && found.length === 0) {
    const text = `not by this user's programs; ${hidden} processes of others can not be looked into (sudo can)`;
    return { check, verdict: 'skipped', text };
  }
  return { check, verdict: 'fine', text: found.length > 0 ? 'by the gateway only' : 'by no program' };
}

function examineLink({ link }: Result<'status'>): Finding {
  const check = 'link';
  if (link.state === 'up') return { check, verdict: 'fine', text: `up: ${link.port ?? ''}` };
  if (link.state === 'probing') return { check, verdict: 'fine', text: `open: ${link.port ?? ''}` };
  const text = link.detail ?? 'not open yet';
  return {
    check,
    verdict: 'problem',
    text,
    advice: 'the gateway tries again by itself once what is wrong above is right',
  };
}

async function examineRoot(client: MeshgateClient, { link, nodes }: Result<'status'>): Promise<Finding> {
  const check = 'root';
  if (link.state !== 'up' && link.state !== 'probing') {
    return { check, verdict: 'skipped', text: 'can not be asked without a link' };
  }
  const { fresh } = await client.call('refresh', { what: 'nodes' });
  if (fresh)
    return { check, verdict: 'fine', text: `answers; nodes ${describeStatusCounts(nodes.byStatus)}` };
  return {
    check,
    verdict: 'problem',
    text: 'did not answer within 2 s',
    advice:
      'restart it: meshgate reset-root, or its reset button; check that the port is the root’s, that its firmware runs, and --baud',
  };
}
