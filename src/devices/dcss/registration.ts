/** What a hardware server gets for each device of its own: its name, and how it is configured. */
import { writeToHardware } from '../../codecs/dcss/to-hardware.js';
import type { DcssDevice } from '../../config/sections/dcss.js';

const HOST = 'meshgate';

/** The registration, and the configuration if there is one. */
export function registrationOf(device: DcssDevice, position: number): string[] {
  const { name, kind } = device;
  const common = { device: name, hwName: name };
  switch (kind) {
    case 'motor':
      return motorOf(device, position);
    case 'shutter':
      return [
        writeToHardware({ name: 'stoh_register_shutter', device: name, state: 'closed', hwName: name }),
        writeToHardware({ name: 'stoh_configure_shutter', device: name, host: HOST, state: 'closed' }),
      ];
    case 'string':
      return [writeToHardware({ name: 'stoh_register_string', device: name, hwName: 'standardString' })];
    case 'ion_chamber': {
      const timed = { ...common, channel: '0', timer: 'clock', timerType: 'standard' };
      return [writeToHardware({ name: 'stoh_register_ion_chamber', ...timed })];
    }
    case 'encoder':
      return [
        writeToHardware({ name: 'stoh_register_encoder', ...common }),
        writeToHardware({
          name: 'stoh_configure_encoder',
          device: name,
          host: HOST,
          position,
          configured: position,
        }),
      ];
    case 'operation':
      return [writeToHardware({ name: 'stoh_register_operation', ...common })];
  }
}

function motorOf(device: DcssDevice, position: number): string[] {
  const { name, upper, lower, scale, speed, acceleration, backlash, pseudo } = device;
  const facts = { device: name, host: HOST, hwName: name, position, upper, lower, status: 'normal' };
  const limits = { lowerOn: true, upperOn: true, lockOn: false };
  const kind = pseudo ? 'pseudo' : 'real';
  return [
    writeToHardware({ name: `stoh_register_${kind}_motor`, device: name, hwName: name }),
    pseudo
      ? writeToHardware({ name: 'stoh_configure_pseudo_motor', ...facts, ...limits })
      : writeToHardware({
          name: 'stoh_configure_real_motor',
          ...facts,
          ...limits,
          scale,
          speed,
          acceleration,
          backlash,
          backlashOn: backlash !== 0,
          reverseOn: false,
        }),
  ];
}
