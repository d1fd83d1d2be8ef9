import { LINK_DOWN_REASONS } from './link.js';
import type { LinkStatus } from './link-keeper.js';

/** The link's state as a sentence for people; `peer`: what is at its other end. */
export function describeLinkStatus({ state, name, reason, detail }: LinkStatus, peer = 'the root'): string {
  switch (state) {
    case 'up':
      return `${name}: ${peer} is responding`;
    case 'probing':
      return `${name} is open; waiting for ${peer} to respond`;
    case 'opening':
      return 'opening the link';
    case 'maintenance':
      return 'the link is closed: the port is released to another program';
    case 'stopped':
      return 'the link is closed';
    default:
      if (reason === 'recordingOver') return LINK_DOWN_REASONS[reason];
      return `no link: ${reason === undefined ? state : LINK_DOWN_REASONS[reason]}${detail ? ` (${detail})` : ''}; retrying`;
  }
}
