import type { DeviceInfo } from '../../client/index.js';
import type { CliCommand } from '../cli-command.js';
import { askAndPrint, gatewayCommand, joinRows } from '../gateway-command.js';
import { qualified } from '../text/address.js';
import { type Column, formatTable } from '../text/table.js';
import type { View } from '../text/terminal.js';
import { formatAge, formatMoment } from '../text/time.js';
import { formatNamedValues } from '../text/values.js';
import { colourOfStatus, describeNodeStatus } from '../text/words.js';
import type { GatewayFlags } from '../with-client.js';
import type { Listed } from './nodes.js';

export function addDevicesCommand(program: CliCommand): void {
  gatewayCommand(program, 'devices', 'devices outside the mesh, and their latest values', {
    'meshgate devices': 'every device',
  }).action(async (flags: GatewayFlags) => {
    await askAndPrint(
      flags,
      (client) => client.devices(),
      ({ devices }, view) => formatDevices(devices, view),
      (parts) => ({
        devices: joinRows(parts.map(({ gateway, result }) => ({ gateway, result: result.devices }))),
      }),
    );
  });
}

export function formatDevices(devices: readonly Listed<DeviceInfo>[], view: View): string {
  if (devices.length === 0) return 'No devices: only the mesh is connected.\n';
  return formatTable(deviceColumns(view), devices, view.terminal);
}

function deviceColumns(view: View): Column<Listed<DeviceInfo>>[] {
  return [
    { title: 'DEVICE', text: ({ id, gateway }) => qualified(id, gateway) },
    { title: 'SOURCE', text: ({ source }) => source, optional: 1 },
    { title: 'STATUS', text: describeNodeStatus, colour: colourOfStatus },
    {
      title: 'HEARD',
      text: ({ lastHeardAt }) => (lastHeardAt === null ? 'never' : formatAge(lastHeardAt, view.now)),
      align: 'right',
    },
    {
      title: 'AT',
      text: ({ lastHeardAt }) => (lastHeardAt === null ? '-' : formatMoment(lastHeardAt, view)),
      optional: 2,
    },
    { title: 'LATEST VALUES', text: ({ values }) => formatNamedValues(values) || '-', flexible: 24 },
  ];
}
