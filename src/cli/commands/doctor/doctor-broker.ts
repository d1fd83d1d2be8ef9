/** Whether the MQTT broker is reached, and whether the service's own limits are why it is not. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MeshgateClient } from '../../../client/index.js';
import type { Result } from '../../results.js';
import type { Finding } from './findings.js';

/** The unit's process, and to which addresses it is limited; each empty where systemd shows none. */
export interface ServiceLimits {
  readonly mainPid: number;
  readonly denied: string;
  readonly allowed: string;
}

export interface BrokerOptions {
  readonly readServiceLimits?: () => Promise<ServiceLimits | undefined>;
}

/** Of the session's counters; without a broker there is no mqtt. */
interface BrokerCounters {
  readonly clients?: { readonly mqtt?: { readonly connected?: number } };
}

/** What these allow is this machine. */
const LOOPBACK = /^(127\.\S+|::1(\/128)?|localhost)$/;

const SYSTEMCTL_TIMEOUT_MS = 5_000;

/** Nothing where no broker is configured. */
export async function examineBroker(
  client: MeshgateClient,
  { pid }: Result<'status'>,
  { readServiceLimits = askSystemd }: BrokerOptions = {},
): Promise<Finding[]> {
  const check = 'broker';
  const { clients } = (await client.call('counters', {})) as BrokerCounters;
  if (clients?.mqtt === undefined) return [];
  if (clients.mqtt.connected) return [{ check, verdict: 'fine', text: 'connected' }];
  const limits = await readServiceLimits();
  const isLimited = limits?.mainPid === pid && reachesOnlyThisMachine(limits);
  return [{ check, verdict: 'problem', ...(isLimited ? LIMITED : UNREACHED) }];
}

const UNREACHED = {
  text: 'no connection to the MQTT broker',
  advice: 'the log has the reason; check mqtt.url, and that the broker runs and is reached from this machine',
};

const LIMITED = {
  text: 'no connection to the MQTT broker; the service may only connect to this machine (IPAddressDeny=any)',
  advice:
    'if the broker runs elsewhere: sudo systemctl edit meshgate, below [Service]: IPAddressAllow=ADDRESS (the broker’s, and the name server’s if mqtt.url has a name), then sudo systemctl restart meshgate',
};

function reachesOnlyThisMachine({ denied, allowed }: ServiceLimits): boolean {
  const words = allowed.split(' ').filter((word) => word !== '');
  return denied !== '' && words.every((word) => LOOPBACK.test(word));
}

/** Any user may ask. Undefined where systemd does not run, or does not answer. */
async function askSystemd(): Promise<ServiceLimits | undefined> {
  const properties = '--property=MainPID,IPAddressDeny,IPAddressAllow';
  try {
    const { stdout } = await promisify(execFile)('systemctl', ['show', 'meshgate.service', properties], {
      timeout: SYSTEMCTL_TIMEOUT_MS,
    });
    return parseServiceLimits(stdout);
  } catch {
    return undefined;
  }
}

/** `MainPID=17` and the like, one a line. */
export function parseServiceLimits(text: string): ServiceLimits {
  const read = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return {
    mainPid: Number(read('MainPID')),
    denied: read('IPAddressDeny'),
    allowed: read('IPAddressAllow'),
  };
}
