/** What usually goes wrong, looked at one by one. */

import type { MeshgateClient } from '../../../client/index.js';
import { ClientError, connect, findSocket } from '../../../client/index.js';
import { isOpen } from '../../../link/link-keeper.js';
import type { SerialPortInfo } from '../../../link/port-choice.js';
import { listPorts } from '../../../link/port-list.js';
import type { Result } from '../../results.js';
import { describeStatusCounts } from '../../text/words.js';
import { type BrokerOptions, examineBroker } from './doctor-broker.js';
import { examineMesh } from './doctor-mesh.js';
import { examinePorts, type PortOptions } from './doctor-ports.js';
import type { Finding } from './findings.js';
import { permissionAdvice } from './permission-advice.js';

/** What tests replace. */
export interface DoctorOptions extends PortOptions, BrokerOptions {
  readonly listPorts?: () => Promise<readonly SerialPortInfo[]>;
  /** Rejects as `connect` does. */
  readonly connect?: typeof connect;
}

/** All checks, in the order in which a person would fix things. Never rejects because something is wrong. */
export async function examine(socket: string | undefined, options: DoctorOptions = {}): Promise<Finding[]> {
  const ports = await (options.listPorts ?? listPorts)();
  const reached = await reach(socket, options);
  const status = await reached.client?.status();
  try {
    const onPorts = examinePorts(ports, status, options);
    if (!reached.client || !status) return [...onPorts, reached.finding];
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
    const text = isForbidden ? `this user may not use ${path}` : `none answers on ${path}`;
    const advice = isForbidden
      ? permissionAdvice(path)
      : 'start it: meshgate start; if it serves another socket: --socket PATH, or MESHGATE_SOCKET';
    return { finding: { check, verdict: 'problem', text, advice } };
  }
}

/** Nothing to say of an earlier gateway, which does not name it. */
function examineDashboard({ dashboard }: Result<'status'>): Finding[] {
  const check = 'dashboard';
  if (dashboard === undefined) return [];
  if (dashboard !== null) return [{ check, verdict: 'fine', text: `is on ${dashboard}` }];
  return [{ check, verdict: 'skipped', text: 'not served: http.listen is off, or its ports are taken' }];
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
  if (!isOpen(link)) {
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
