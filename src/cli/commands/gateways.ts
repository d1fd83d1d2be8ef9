import { MeshgateError } from '../../base/errors.js';
import type { GatewayState } from '../../fleet/index.js';
import type { CliCommand } from '../cli-command.js';
import type { FleetChoice } from '../fleet-choice.js';
import { currentView, print, printJson } from '../output.js';
import { formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatDuration, formatMoment } from '../text/time.js';
import { openFleet } from '../with-fleet.js';

interface GatewaysFlags {
  readonly json?: true;
  readonly fleetChoice?: FleetChoice;
}

export function addGatewaysCommand(program: CliCommand): void {
  program
    .command('gateways')
    .reaching('own')
    .description('with --fleet: list the gateways and how long each has been online or offline')
    .examples({ 'meshgate --fleet mqtt://broker.example gateways': 'every gateway at this broker' })
    .option('--json', 'print JSON, for programs')
    .action((flags: GatewaysFlags) => listGateways(flags));
}

/** Rejects with `BAD_USAGE` or `NO_BROKER`. */
async function listGateways({ json, fleetChoice }: GatewaysFlags): Promise<void> {
  const fleet = await openFleet(wantedFleet('gateways', fleetChoice));
  const gateways = fleet.gateways();
  await fleet.close();
  if (json) printJson({ gateways });
  else print(formatGateways(gateways, currentView()));
}

/** Throws `BAD_USAGE`. */
export function wantedFleet(command: string, choice: FleetChoice | undefined): FleetChoice {
  if (choice) return choice;
  throw new MeshgateError(
    'BAD_USAGE',
    `${command} needs an MQTT broker`,
    `name it: meshgate --fleet mqtt://HOST ${command}`,
  );
}

export function formatGateways(gateways: readonly GatewayState[], view: View): string {
  if (gateways.length === 0) return 'No gateways at this broker. Check --prefix.\n';
  return formatTable(
    [
      { title: 'GATEWAY', text: ({ id }: GatewayState) => id },
      {
        title: 'STATE',
        text: ({ state, reason }) => (state === 'online' ? state : `${state}, ${reason}`),
        colour: ({ state }) => (state === 'online' ? 'green' : 'red'),
      },
      {
        title: 'FOR',
        text: ({ since }) => (since === null ? '-' : formatDuration(view.now - since)),
        align: 'right',
      },
      { title: 'JOINED', text: ({ connectedAt }) => formatMoment(connectedAt, view), optional: 1 },
      { title: 'HOST', text: ({ host }) => host, optional: 2 },
      { title: 'VERSION', text: ({ version }) => version, optional: 3 },
    ],
    gateways,
    view.terminal,
  );
}
