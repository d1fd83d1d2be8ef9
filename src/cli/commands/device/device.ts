import type { AlarmInfo, MeshgateClient } from '../../../client/index.js';
import type { CliCommand } from '../../cli-command.js';
import { askAndPrint, gatewayCommand } from '../../gateway-command.js';
import { parseNode } from '../../text/address.js';
import type { GatewayFlags } from '../../with-client.js';
import { type DeviceWithAlarms, formatDevice } from './format-device.js';
import { formatSaved, saveImage } from './save-image.js';

interface DeviceFlags extends GatewayFlags {
  readonly image?: string;
  readonly type?: string;
}

export function addDeviceCommand(program: CliCommand): void {
  gatewayCommand(
    program,
    'device',
    'one device: its values, its commands with their arguments, and its alarms',
    {
      'meshgate device stage': 'what it is, what it reports, and what it can be commanded to do',
      'meshgate device stage --image stage.png': 'save the newest picture of it',
    },
    'one',
  )
    .argument('<device>', 'id of the device')
    .option('--image <file>', 'save its newest image in this file; - is standard output')
    .option('--type <type>', 'with --image: data type of the image, if it has several')
    .action(async (device: string, flags: DeviceFlags) => {
      const wanted = parseNode(device);
      const { image: file, type } = flags;
      if (file !== undefined || type !== undefined) {
        await askAndPrint(flags, (client) => saveImage(wanted, { file, type }, client), formatSaved);
      } else await askAndPrint(flags, (client) => readDevice(wanted, client), formatDevice);
    });
}

async function readDevice(wanted: number | string, client: MeshgateClient): Promise<DeviceWithAlarms> {
  const [device, { alarms }] = await Promise.all([client.device(wanted), client.call('alarms', {})]);
  const isAbout = ({ node, source }: AlarmInfo) =>
    node === device.node || (node === null && source === device.source);
  return { ...device, alarms: alarms.filter(isAbout) };
}
