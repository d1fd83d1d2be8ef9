/** Checks beyond the root: devices, disconnected nodes, alarms, history. The gateway decides how severe each is. */
import type { AlarmInfo, DeviceInfo, HealthInfo, MeshgateClient } from '../../../client/index.js';
import { SQLITE_REMEDY } from '../../../history/load-driver.js';
import { THREAD_DIED } from '../../../history/store-fault.js';
import type { Result } from '../../results.js';
import { formatAddress } from '../../text/address.js';
import { describeHistory } from '../../text/words.js';
import { findingOf } from '../health.js';
import type { Finding } from './findings.js';

type Check = HealthInfo['checks'][number];

/** Addresses listed; the rest are counted. */
const NAMED = 8;

const DISK_ADVICE =
  'free disk space, end the program that locks the file, or make the state directory writable; the gateway retries automatically';

const RESTART_ADVICE = 'the gateway does not retry this: restart it once SQLite is available';

const THREAD_ADVICE =
  'the gateway starts the thread again every 10 s; if it dies again, report it with the lines of the log around it';

/** To be called after the root was asked, so that its answer is included. */
export async function examineMesh(client: MeshgateClient): Promise<Finding[]> {
  const { checks } = await client.call('health', {});
  const [status, { nodes }, { alarms }, { devices }] = await Promise.all([
    client.status(),
    client.nodes({ status: 'disconnected' }),
    client.call('alarms', {}),
    client.devices(),
  ]);
  const details: Readonly<Partial<Record<Check['check'], (finding: Finding) => Finding>>> = {
    nodes: (finding) => withNodes(finding, nodes, status),
    alarms: (finding) => withAlarms(finding, alarms),
    history: (finding) => withHistory(finding, status),
  };
  const findings = checks.flatMap((check) => {
    const detail = details[check.check];
    return detail ? [detail(findingOf(check))] : [];
  });
  return [...examineDevices(devices), ...findings];
}

/** Nothing without devices. A device is unknown while the link of its source is down. */
function examineDevices(devices: readonly DeviceInfo[]): Finding[] {
  const check = 'devices';
  if (devices.length === 0) return [];
  const down = devices.filter(({ status }) => status === 'unknown');
  const unheard = devices.filter(({ status }) => status === 'unheard').length;
  if (down.length > 0) {
    const sources = [...new Set(down.map(({ source }) => source))].slice(0, NAMED).join(', ');
    return [
      {
        check,
        verdict: 'problem',
        text: `${down.length} of ${devices.length} without a link: the link of ${sources} is down`,
        advice: 'check its cable, power supply and address; for the reason: meshgate device ID',
      },
    ];
  }
  if (unheard === 0) return [{ check, verdict: 'fine', text: `${devices.length}, all active` }];
  return [
    {
      check,
      verdict: 'warning',
      text: `${unheard} of ${devices.length} have reported nothing yet`,
      advice: 'to list them: meshgate devices',
    },
  ];
}

function withNodes(
  finding: Finding,
  gone: readonly { readonly address: number }[],
  { nodes: { total } }: Result<'status'>,
): Finding {
  if (finding.verdict === 'fine') return finding;
  const named = gone.slice(0, NAMED).map(({ address }) => formatAddress(address, undefined));
  const more = gone.length > NAMED ? [`${gone.length - NAMED} more`] : [];
  return {
    ...finding,
    text: `${gone.length} of ${total} disconnected: ${[...named, ...more].join(', ')}`,
    advice:
      'check their power supply and the nodes between them and the root; for details: meshgate explain NODE',
  };
}

/** Open alarms by code: active, or over but not acknowledged. */
function withAlarms(finding: Finding, alarms: readonly AlarmInfo[]): Finding {
  const active = alarms.filter((alarm) => alarm.active);
  const over = alarms.filter((alarm) => !alarm.active);
  if (alarms.length === 0) return { ...finding, text: 'none' };
  const groups = [
    ...(active.length > 0 ? [`active: ${countCodes(active)}`] : []),
    ...(over.length > 0 ? [`over, not acknowledged: ${countCodes(over)}`] : []),
  ];
  return {
    ...finding,
    verdict: finding.verdict === 'fine' ? 'warning' : finding.verdict,
    text: groups.join('; '),
    advice: 'to list them: meshgate alarms; once dealt with: meshgate alarms ack all',
  };
}

/** `3 NODE_DISCONNECTED, 1 ROOT_RESTARTED`: the most frequent first. */
function countCodes(alarms: readonly AlarmInfo[]): string {
  const counts = new Map<string, number>();
  for (const { code } of alarms) counts.set(code, (counts.get(code) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([code, count]) => `${count} ${code}`).join(', ');
}

function withHistory(finding: Finding, { history }: Result<'status'>): Finding {
  if (history.file === null && history.fault === null) {
    return { check: finding.check, verdict: 'skipped', text: 'in memory only, as configured' };
  }
  const text = describeHistory(history);
  if (finding.verdict === 'fine') return { ...finding, text };
  return { ...finding, text, advice: historyAdvice(history.fault ?? '') };
}

function historyAdvice(fault: string): string {
  if (fault.endsWith(SQLITE_REMEDY)) return RESTART_ADVICE;
  return fault.startsWith(THREAD_DIED) ? THREAD_ADVICE : DISK_ADVICE;
}
