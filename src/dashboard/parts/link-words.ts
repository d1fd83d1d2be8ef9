/** The states of the link as the page names them. */
export const LINK_WORDS = {
  absent: 'no device',
  opening: 'opening',
  probing: 'waiting for the root',
  up: 'up',
  backingOff: 'down',
  maintenance: 'maintenance',
  stopped: 'stopped',
} as const;
