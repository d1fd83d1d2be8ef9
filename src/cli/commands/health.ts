import type { Command } from 'commander';
import type { HealthInfo } from '../../client/index.js';
import { EXIT } from '../exit-codes.js';
import { askAndPrint, gatewayCommand } from '../gateway-command.js';
import type { GatewayFlags } from '../with-client.js';
import { formatFindings } from './doctor.js';
import type { Finding } from './findings.js';

const EXIT_CODES_OF_HEALTH = `
Exit codes:
  0  the link is open, the root has spoken lately, no alarm of high priority is active, the history is written
  1  one of these is not so, but the link is open
  3  no gateway is running
  4  no permission
  5  no link to the root
`;

export function addHealthCommand(program: Command): void {
  gatewayCommand(program, 'health', 'whether all is well, as an exit code: for scripts and monitoring')
    .addHelpText('after', EXIT_CODES_OF_HEALTH)
    .action(async (flags: GatewayFlags) => {
      let path = '';
      const healths = await askAndPrint(
        flags,
        (client) => {
          path = client.path;
          return client.call('health', {});
        },
        (result, view) => formatFindings(findingsOf(result, path), view),
      );
      process.exitCode = worstOf(healths);
    });
}

/** Of a fleet: a link that is down counts for more than anything else. */
function worstOf(healths: readonly HealthInfo[]): number {
  const codes = healths.map(exitCodeOf);
  return codes.find((code) => code === EXIT.linkDown) ?? codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
}

export function exitCodeOf({ healthy, checks }: HealthInfo): number {
  if (healthy) return EXIT.ok;
  return checks.some(({ check, ok }) => check === 'link' && !ok) ? EXIT.linkDown : EXIT.failed;
}

type Check = HealthInfo['checks'][number];

const WELL: Readonly<Record<Check['check'], string>> = {
  link: 'is open',
  root: 'has spoken lately',
  alarms: 'none of high priority is active',
  history: 'is written, or turned off',
};

const ADVICE: Readonly<Record<Check['check'], string>> = {
  link: 'to see what is wrong: meshgate doctor',
  root: 'to ask it now: meshgate doctor; to restart it: meshgate reset-root',
  alarms: 'to see them: meshgate alarms',
  history: 'to see what to do: meshgate doctor',
};

/** `path`: the socket that it was asked on. */
export function findingsOf({ checks }: HealthInfo, path: string): Finding[] {
  return [
    { check: 'gateway', verdict: 'fine', text: `answers on ${path}` },
    ...checks.map(
      ({ check, ok, text }): Finding =>
        ok
          ? { check, verdict: 'fine', text: WELL[check] }
          : { check, verdict: 'problem', text: text ?? '', advice: ADVICE[check] },
    ),
  ];
}
