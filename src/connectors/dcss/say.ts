import type { FromHardware } from '../../codecs/dcss/from-hardware.js';

/** The current connection, for everything that answers DCSS. */
export interface Speaker {
  /** `key`: replaces a message with the same key that has not been written yet. */
  say(message: FromHardware, key?: string): void;
  /** Characters of one message. */
  readonly room: number;
}
