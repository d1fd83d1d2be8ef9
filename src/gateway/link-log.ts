import type { Log } from '../base/log.js';
import { describeLinkStatus } from '../link/describe-link.js';
import type { LinkStatus } from '../link/link-keeper.js';

/** A person wants to know that the link is there, or why not; not each attempt in between. */
export function logLinkStatus(log: Log, status: LinkStatus): void {
  const text = describeLinkStatus(status);
  const isSaid = status.reason === 'stopped' || status.reason === 'recordingOver';
  if (status.state === 'opening' || isSaid) log.debug('%s', text);
  else if (status.state === 'probing' || status.state === 'up') log.info(text);
  else log.warn(`${status.state} ${status.reason}`, text);
}
