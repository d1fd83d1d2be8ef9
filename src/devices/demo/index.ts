/** The kind `demo`: a virtual power supply, for trying what devices can do without hardware. */
import { number, section } from '../../config/fields.js';
import { defineKind } from '../device-list.js';

export const demo = defineKind({
  kind: 'demo',
  settings: section({
    /** Values per second. */
    rate_hz: number(0.1, 50, 'number').default(1),
    /** Between pictures; 0: none. */
    picture_s: number(0, 3600, 'number').default(5),
  }),
  async create(table, options) {
    const { DemoDevice } = await import('./demo-device.js');
    return new DemoDevice(table, options);
  },
});
