/** The checks of `meshgate doctor`. */

import type { MeshgateClient } from '../../../client/index.js';
import { ClientError, connect, findSocket } from '../../../client/index.js';
import type { loadDriver } from '../../../history/load-driver.js';
import { isOpen } from '../../../link/link-keeper.js';
import type { SerialPortInfo } from '../../../link/port-choice.js';
import { listPorts } from '../../../link/port-list.js';
import type { Result } from '../../results.js';
import { describeStatusCounts } from '../../text/words.js';
import { type BrokerOptions, examineBroker } from './doctor-broker.js';
import { examineMesh } from './doctor-mesh.js';
import { examinePorts, type PortOptions } from './doctor-ports.js';
import { examineSqlite } from './doctor-sqlite.js';
import type { Finding } from './findings.js';
import { permissionAdvice } from './permission-advice.js';

/** Replaced in tests. */
export interface DoctorOptions extends PortOptions, BrokerOptions {
  readonly listPorts?: () => Promise<readonly SerialPortInfo[]>;
  /** Rejects as `connect` does. */
  readonly connect?: typeof connect;
  readonly loadDriver?: typeof loadDriver;
}

/** All checks, in the order in which to fix what they find. A problem is a finding, never a rejection. */
export async function examine(socket: string | undefined, options: DoctorOptions = {}): Promise<Finding[]> {
  const ports = await (options.listPorts ?? listPorts)();
  const reached = await reach(socket, options);
  const status = await reached.client?.status();
  try {
    const onPorts = examinePorts(ports, status, options);
    if (!reached.client || !status) {
      return [...onPorts, reached.finding, await examineSqlite(options.loadDriver)];
    }
    const link = [...examineDashboard(status), examineLink(status)];
    const root = await examineRoot(reached.client, status);
    const broker = await examineBroker(reached.client, status, options);
    const mesh = await examineMesh(reached.client);
    return [...onPorts, reached.finding, ...link, root, ...broker, ...mesh];
  } finally {
    reached.client?.close();
  }
}

async function reach(
  socket: string | undefined,
  options: DoctorOptions,
): Promise<{ client?: MeshgateClient; finding: Finding }> {
  const path = findSocket(socket);
  const check = 'gateway';
  try {
    const client = await (options.connect ?? connect)({ socket: path, reconnect: false });
    return { client, finding: { check, verdict: 'fine', text: `answers on ${path}` } };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const isForbidden = error.code === 'NO_PERMISSION';
    const text = isForbidden ? `permission denied: ${path}` : `nothing is listening on ${path}`;
    const advice = isForbidden
      ? permissionAdvice(path)
      : 'to start it: meshgate start; if it uses another socket: --socket PATH, or MESHGATE_SOCKET';
    return { finding: { check, verdict: 'problem', text, advice } };
  }
}

/** Skipped for an older gateway, which does not report it. */
function examineDashboard({ dashboard }: Result<'status'>): Finding[] {
  const check = 'dashboard';
  if (dashboard === undefined) return [];
  if (dashboard !== null) return [{ check, verdict: 'fine', text: `served at ${dashboard}` }];
  return [{ check, verdict: 'skipped', text: 'not served: http.listen is off, or its ports are in use' }];
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
    advice: 'the gateway retries once the problem above is fixed',
  };
}

async function examineRoot(client: MeshgateClient, { link, nodes }: Result<'status'>): Promise<Finding> {
  const check = 'root';
  if (!isOpen(link)) {
    return { check, verdict: 'skipped', text: 'not checked: there is no link' };
  }
  const { fresh } = await client.call('refresh', { what: 'nodes' });
  if (fresh)
    return { check, verdict: 'fine', text: `answers; nodes: ${describeStatusCounts(nodes.byStatus)}` };
  return {
    check,
    verdict: 'problem',
    text: 'no answer within 2 s',
    advice:
      'restart it: meshgate reset-root, or its reset button; check that this is the port of the root, that its firmware is running, and --baud',
  };
}
