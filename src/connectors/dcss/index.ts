/** The manifest of the hardware server towards a DCSS: docs/dcss.md describes it. */
import { type DcssSection, dcssSection } from '../../config/sections/dcss.js';
import { type ConnectorOptions, defineConnector } from '../connector.js';

export const dcss = defineConnector({
  name: 'dcss',
  settings: dcssSection,
  alarms: {
    DCSS_LOST: { priority: 'low', of: 'gateway', lasting: false, text: 'the connection to DCSS was lost' },
  },
  metrics: [
    { place: 'link.received', name: 'dcss_received_total', help: 'Messages of DCSS' },
    { place: 'link.sent', name: 'dcss_sent_total', help: 'Messages sent to DCSS' },
    { place: 'link.notSent', name: 'dcss_not_sent_total', help: 'Messages that DCSS could not have read' },
    { place: 'link.connections', name: 'dcss_connections_total', help: 'Connections to DCSS' },
    {
      place: 'hardware.operations.started',
      name: 'dcss_operations_total',
      help: 'Operations that DCSS has started',
    },
    {
      place: 'classifier.failures.*',
      name: 'dcss_classifier_failures_total',
      help: 'Images that the classifier did not answer',
      label: 'reason',
    },
  ],
  async create(section: DcssSection, options: ConnectorOptions) {
    if (section.server === undefined) return undefined;
    const { createDcssConnector } = await import('./dcss-connector.js');
    return createDcssConnector(section, section.server, options);
  },
});
