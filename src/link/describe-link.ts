import { LINK_DOWN_REASONS } from './link.js';
import type { LinkStatus } from './link-keeper.js';

/** The link's state as a sentence for a person. */
export function describeLinkStatus({ state, name, reason, detail }: LinkStatus): string {
  switch (state) {
    case 'up':
      return `${name}: the root has spoken`;
    case 'probing':
      return `${name} is open; asking the root for its nodes`;
    case 'opening':
      return 'opening the link';
    case 'maintenance':
      return 'the link is closed: the port is handed to another program for a while';
    case 'stopped':
      return 'the link is closed';
    default:
      if (reason === 'recordingOver') return LINK_DOWN_REASONS[reason];
      return `no link: ${reason === undefined ? state : LINK_DOWN_REASONS[reason]}${detail ? ` (${detail})` : ''}; trying again`;
  }
}
