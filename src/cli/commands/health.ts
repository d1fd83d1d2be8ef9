import type { HealthInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { EXIT, endWith } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';
import type { Finding, Verdict } from './doctor/findings.js';
import { formatFindings } from './doctor/format-findings.js';

const EXIT_CODES_OF_HEALTH = `
Exit codes:
  0  healthy, or degraded: working, but nodes are disconnected or an alarm is active
  1  unhealthy: the root is silent, a high-priority alarm is active, most nodes are disconnected, or the history is
     not being written; with --strict also degraded
  3  no gateway is running
  4  permission denied
  5  no link to the root
`;

interface HealthFlags extends GatewayFlags {
  readonly strict?: true;
}

export function addHealthCommand(program: CliCommand): void {
  gatewayCommand(program, 'health', 'overall health as an exit code, for scripts and monitoring', {
    'meshgate health': 'check the link, the root, alarms, nodes and the history',
    'meshgate health --strict': 'fail if anything is degraded',
  })
    .option('--strict', 'exit with 1 also when degraded')
    .addHelpText('after', EXIT_CODES_OF_HEALTH)
    .action(async (flags: HealthFlags) => {
      const paths = new Map<object, string>();
      const healths = await askAndPrint(
        flags,
        async (client) => {
          const health = await client.call('health', {});
          paths.set(health, client.path);
          return health;
        },
        (health, view) => formatFindings(findingsOf(health, paths.get(health) ?? ''), view),
      );
      for (const health of healths) endWith(exitCodeOf(health, flags.strict));
    });
}

/** In a fleet the highest code counts, and that of a link that is down is the highest. */
export function exitCodeOf({ healthy, level, checks }: HealthInfo, isStrict = false): number {
  if (healthy) return isStrict && level === 'degraded' ? EXIT.failed : EXIT.ok;
  return checks.some(({ check, ok }) => check === 'link' && !ok) ? EXIT.linkDown : EXIT.failed;
}

type Check = HealthInfo['checks'][number];

const WELL: Readonly<Record<Check['check'], string>> = {
  link: 'open',
  root: 'heard recently',
  alarms: 'none active',
  nodes: 'none disconnected',
  history: 'as configured',
};

const ADVICE: Readonly<Record<Check['check'], string>> = {
  link: 'to find the cause: meshgate doctor',
  root: 'to check it: meshgate doctor; to restart it: meshgate reset-root',
  alarms: 'to list them: meshgate alarms',
  nodes: 'to list them: meshgate nodes --status disconnected',
  history: 'for details: meshgate status',
};

const VERDICTS: Readonly<Record<Check['level'], Verdict>> = {
  healthy: 'fine',
  degraded: 'warning',
  unhealthy: 'problem',
};

/** `path`: socket of the gateway. */
export function findingsOf({ checks }: HealthInfo, path: string): Finding[] {
  return [{ check: 'gateway', verdict: 'fine', text: `answers on ${path}` }, ...checks.map(findingOf)];
}

/** A check as a finding. */
export function findingOf({ check, level, text }: Check): Finding {
  const verdict = VERDICTS[level];
  if (verdict === 'fine') return { check, verdict, text: WELL[check] };
  return { check, verdict, text: text ?? '', advice: ADVICE[check] };
}
