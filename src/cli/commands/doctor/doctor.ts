import type { CliCommand } from '../../cli-command.js';
import { EXIT } from '../../exit-codes.js';
import { socketCommand } from '../../gateway-command.js';
import { currentView, print, printJson } from '../../output.js';
import type { GatewayFlags } from '../../with-client.js';
import { formatFindings } from './format-findings.js';

export function addDoctorCommand(program: CliCommand): void {
  socketCommand(program, 'doctor', 'check for common problems and how to fix them', {
    'meshgate doctor': 'check the serial port, the gateway, the root and the mesh',
  }).action(async ({ socket, json }: GatewayFlags) => {
    const { examine } = await import('./doctor-checks.js');
    const findings = await examine(socket);
    const isWell = findings.every(({ verdict }) => verdict === 'fine' || verdict === 'skipped');
    if (json) printJson({ isWell, findings });
    else print(formatFindings(findings, currentView()));
    if (!isWell) process.exitCode = EXIT.failed;
  });
}
