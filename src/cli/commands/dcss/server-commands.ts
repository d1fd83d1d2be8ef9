/** Commands typed into `meshgate dcss-server`, as messages to the hardware servers. */
import { isName, restAfter, tokensOf } from '../../../codecs/dcss/text.js';
import { readToHardware, writeToHardware } from '../../../codecs/dcss/to-hardware.js';

/** The message, or what is wrong with the command. `handle`: of an operation that is started. */
export function messageFor(
  line: string,
  handle: string,
): { readonly text: string } | { readonly fault: string } {
  const [command = '', device = '', third = ''] = tokensOf(line);
  const rest = restAfter(line, 2);
  if (command === 'abort')
    return { text: writeToHardware({ name: 'stoh_abort_all', how: device === 'hard' ? 'hard' : 'soft' }) };
  if (command === 'send') return { text: restAfter(line, 1) };
  if (command === 'read') return readingOf(line);
  if (!isName(device))
    return {
      fault:
        'give a command and a name, such as: start OPERATION, move MOTOR 5; help: meshgate dcss-server --help',
    };
  switch (command) {
    case 'start':
      return { text: writeToHardware({ name: 'stoh_start_operation', device, handle, arguments: rest }) };
    case 'stop':
      return { text: writeToHardware({ name: 'stoh_stop_operation', device }) };
    case 'move':
      if (third === '') return { fault: 'give a destination: move MOTOR 5' };
      return { text: writeToHardware({ name: 'stoh_start_motor_move', device, destination: third }) };
    case 'abort-move':
      return { text: writeToHardware({ name: 'stoh_abort_motor_move', device, how: 'soft' }) };
    case 'open':
      return { text: writeToHardware({ name: 'stoh_set_shutter_state', device, state: 'open' }) };
    case 'close':
      return { text: writeToHardware({ name: 'stoh_set_shutter_state', device, state: 'closed' }) };
    case 'set':
      return { text: writeToHardware({ name: 'stoh_set_string', device, contents: rest }) };
    default:
      return {
        fault: `unknown command "${command}"; available: start, stop, move, abort-move, open, close, read, set, abort, send`,
      };
  }
}

function readingOf(line: string): { readonly text: string } | { readonly fault: string } {
  const [, seconds = '', ...channels] = tokensOf(line);
  const text = `stoh_read_ion_chambers ${seconds} 0 ${channels.join(' ')}`;
  const isValid = channels.length > 0 && typeof readToHardware(text) !== 'string';
  return isValid ? { text } : { fault: 'give seconds and channels: read 0.5 i0' };
}

/** Without a file: what can be tried with the settings in docs/dcss.md. */
export const TRIAL_REGISTRATIONS = [
  'stoh_register_operation collectLoopImages collectLoopImages',
  'stoh_register_operation stopCollectLoopImages stopCollectLoopImages',
  'stoh_register_operation getLoopTip getLoopTip',
  'stoh_register_operation getLoopInfo getLoopInfo',
  'stoh_register_operation reboxLoopImage reboxLoopImage',
  'stoh_register_operation testAutoML testAutoML',
  'stoh_register_operation meshSend meshSend',
  'stoh_register_operation meshBroadcast meshBroadcast',
  'stoh_register_operation meshRefresh meshRefresh',
  'stoh_register_string meshStatus standardString',
  'stoh_register_string meshNodes standardString',
  'stoh_register_real_motor gonio_phi gonio_phi',
  'stoh_configure_real_motor gonio_phi localhost gonio_phi 0 360 -360 1000 1000 100 0 1 1 0 0 0 normal',
  'stoh_register_shutter shutter closed shutter',
  'stoh_register_ion_chamber i0 i0 0 clock standard',
] as const;
