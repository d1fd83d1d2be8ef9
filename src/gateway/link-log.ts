import type { Log } from '../base/log.js';
import { describeLinkStatus } from '../link/describe-link.js';
import type { LinkStatus } from '../link/link-keeper.js';

/** Logs whether the link is up, or why not, but not each attempt to open it. */
export function logLinkStatus(log: Log, status: LinkStatus): void {
  const text = describeLinkStatus(status);
  const isReportedElsewhere = status.reason === 'stopped' || status.reason === 'recordingOver';
  if (status.state === 'opening' || isReportedElsewhere) log.debug('%s', text);
  else if (status.state === 'probing' || status.state === 'up') log.info(text);
  else log.warn(`${status.state} ${status.reason}`, text);
}
