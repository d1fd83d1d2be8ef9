import type { HealthInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { EXIT, endWith } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';
import type { Finding, Verdict } from './doctor/findings.js';
import { formatFindings } from './doctor/format-findings.js';

const EXIT_CODES_OF_HEALTH = `
Exit codes:
  0  healthy, or degraded: it works, but nodes are disconnected or an alarm is active
  1  unhealthy: the root is silent, an alarm of high priority is active, most nodes are disconnected, or the history
     is not written; with --strict: degraded too
  3  no gateway is running
  4  no permission
  5  no link to the root
`;

interface HealthFlags extends GatewayFlags {
  readonly strict?: true;
}

export function addHealthCommand(program: CliCommand): void {
  gatewayCommand(program, 'health', 'whether all is well, as an exit code: for scripts and monitoring')
    .option('--strict', 'exit code 1 also when it works but is degraded')
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

/** Of a fleet the highest counts: a link that is down for more than anything else. */
export function exitCodeOf({ healthy, level, checks }: HealthInfo, isStrict = false): number {
  if (healthy) return isStrict && level === 'degraded' ? EXIT.failed : EXIT.ok;
  return checks.some(({ check, ok }) => check === 'link' && !ok) ? EXIT.linkDown : EXIT.failed;
}

type Check = HealthInfo['checks'][number];

const WELL: Readonly<Record<Check['check'], string>> = {
  link: 'is open',
  root: 'has spoken lately',
  alarms: 'none is active',
  nodes: 'none is disconnected',
  history: 'as the settings want it',
};

const ADVICE: Readonly<Record<Check['check'], string>> = {
  link: 'to see what is wrong: meshgate doctor',
  root: 'to ask it now: meshgate doctor; to restart it: meshgate reset-root',
  alarms: 'to see them: meshgate alarms',
  nodes: 'to see them: meshgate nodes --status disconnected',
  history: 'to see why: meshgate status',
};

const VERDICTS: Readonly<Record<Check['level'], Verdict>> = {
  healthy: 'fine',
  degraded: 'warning',
  unhealthy: 'problem',
};

/** `path`: the socket that it was asked on. */
export function findingsOf({ checks }: HealthInfo, path: string): Finding[] {
  return [{ check: 'gateway', verdict: 'fine', text: `answers on ${path}` }, ...checks.map(findingOf)];
}

/** A check as people are shown it. */
export function findingOf({ check, level, text }: Check): Finding {
  const verdict = VERDICTS[level];
  if (verdict === 'fine') return { check, verdict, text: WELL[check] };
  return { check, verdict, text: text ?? '', advice: ADVICE[check] };
}
