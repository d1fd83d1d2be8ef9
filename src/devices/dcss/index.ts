/** Devices of a DCSS: docs/dcss.md describes them. */
import { checkDevices, type DcssSection, dcssSection, hasCamera } from '../../config/sections/dcss.js';
import { type Device, type DeviceOptions, defineDevice } from '../device.js';
import { METRICS } from './metrics.js';

export const dcss = defineDevice({
  name: 'dcss',
  settings: dcssSection,
  metrics: METRICS,
  async create(section: DcssSection, options: DeviceOptions) {
    checkDevices(section);
    const devices: Device[] = [];
    if (hasCamera(section)) {
      const { CameraDevice } = await import('./camera-device.js');
      devices.push(new CameraDevice(section, options));
    }
    if (section.serve !== undefined) {
      const { ServedHardware } = await import('./served-hardware.js');
      devices.push(new ServedHardware(section, section.serve, options));
    }
    return devices;
  },
});
