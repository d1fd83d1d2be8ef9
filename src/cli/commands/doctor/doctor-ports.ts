/** Checks of the serial port. */
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { choosePort, describePort, type PortChoice, type SerialPortInfo } from '../../../link/port-choice.js';
import type { Result } from '../../results.js';
import type { Finding } from './findings.js';
import { permissionAdvice } from './permission-advice.js';
import { findHolders } from './port-holders.js';

type Status = Result<'status'>;

/** Replaced in tests. */
export interface PortOptions {
  readonly procRoot?: string;
  readonly isUsable?: (path: string) => boolean;
}

/** `status`: of the running gateway; without one, the port is checked that a gateway would choose. */
export function examinePorts(
  ports: readonly SerialPortInfo[],
  status: Status | undefined,
  options: PortOptions,
): Finding[] {
  if (status?.port === null) return [notNeeded(status)];
  const wanted = status?.link.port ?? status?.port ?? process.env.MESHGATE_PORT ?? 'auto';
  const choice = choosePort(wanted, ports);
  if (choice.kind !== 'chosen') return [undecided(choice)];
  const { path } = choice;
  const port = ports.find((each) => each.path === path);
  if (!port && !existsSync(path)) return [absent(path)];
  const found: Finding = { check: 'serial port', verdict: 'fine', text: port ? describePort(port) : path };
  return [found, examineAccess(path, status, options), examineHolders(path, status, options)];
}

function notNeeded({ link }: Status): Finding {
  return { check: 'serial port', verdict: 'skipped', text: `not used by the gateway: ${link.port}` };
}

const BOARD_ADVICE =
  'check that the board is plugged in, that its cable carries data, and that dmesg lists it';

function absent(path: string): Finding {
  const advice = `${BOARD_ADVICE}; to list the ports: meshgate ports`;
  return { check: 'serial port', verdict: 'problem', text: `${path} does not exist`, advice };
}

/** The reason of a choice ends with the advice. */
function undecided({ kind, candidates, why }: Exclude<PortChoice, { kind: 'chosen' }>): Finding {
  const at = why.lastIndexOf('; ');
  const advice = why.slice(at + 2);
  const more = kind === 'several' ? 'meshgate start --port PORT' : `otherwise ${BOARD_ADVICE}`;
  return {
    check: 'serial port',
    verdict: 'problem',
    text: why.slice(0, at),
    advice: candidates.length === 0 ? advice : `${advice}; ${more}`,
  };
}

/** A gateway reports whether it can open the port: it may run as another user. */
function examineAccess(
  path: string,
  status: Status | undefined,
  { isUsable = isReadWrite }: PortOptions,
): Finding {
  const check = 'port permission';
  const who = status ? 'the gateway' : 'this user';
  const isAllowed = status ? status.link.reason !== 'noPermission' : isUsable(path);
  if (isAllowed) return { check, verdict: 'fine', text: `${who} can open it` };
  return {
    check,
    verdict: 'problem',
    text: `${who} is not allowed to open ${path}`,
    advice: permissionAdvice(path),
  };
}

function isReadWrite(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function examineHolders(path: string, status: Status | undefined, { procRoot }: PortOptions): Finding {
  const check = 'port in use';
  if (status?.link.reason !== 'heldByAnother' && isPseudoTerminal(path)) {
    return { check, verdict: 'skipped', text: 'not checked: a pseudo-terminal has two users by design' };
  }
  const { found, hidden } = findHolders(path, procRoot);
  const others = found.filter(({ pid }) => pid !== status?.pid);
  if (others.length > 0) {
    const names = others.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
    const advice = `stop ${others.length === 1 ? 'that program' : 'those programs'}: a serial port works with only one at a time`;
    return { check, verdict: 'problem', text: `held by ${names}`, advice };
  }
  if (hidden > 0 && found.length === 0) {
    const text = `not by this user's programs; ${hidden} processes of other users could not be checked (sudo can)`;
    return { check, verdict: 'skipped', text };
  }
  return { check, verdict: 'fine', text: found.length > 0 ? 'by the gateway only' : 'no' };
}

function isPseudoTerminal(path: string): boolean {
  try {
    return realpathSync(path).startsWith('/dev/pts/');
  } catch {
    return false;
  }
}
