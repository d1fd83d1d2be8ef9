/** The kind `lines`: an instrument that prints lines on a serial port or a TCP port. docs/devices.md describes it. */
import { defineKind } from '../device-list.js';
import { linesSection } from './section.js';

export const lines = defineKind({
  kind: 'lines',
  settings: linesSection,
  serialPort: ({ port }) => (/^tcp:/i.test(port) ? undefined : port),
  async create(table, options) {
    const { createLinesDevice } = await import('./lines-device.js');
    return createLinesDevice(table, options);
  },
});
