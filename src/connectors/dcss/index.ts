/** The manifest of the hardware server towards a DCSS: docs/dcss.md describes it. */
import { type DcssSection, dcssSection } from '../../config/sections/dcss.js';
import { type ConnectorOptions, defineConnector } from '../connector.js';
import { METRICS } from './metrics.js';

export const dcss = defineConnector({
  name: 'dcss',
  settings: dcssSection,
  alarms: {
    DCSS_LOST: { priority: 'low', of: 'gateway', lasting: false, text: 'the connection to DCSS was lost' },
  },
  metrics: METRICS,
  async create(section: DcssSection, options: ConnectorOptions) {
    if (section.server === undefined) return undefined;
    const { createDcssConnector } = await import('./dcss-connector.js');
    return createDcssConnector(section, section.server, options);
  },
});
