/** What can come between a root and the gateway, as an `OpenLink` around another. */
import { load } from './load.mjs';

const { LinkError } = await load('link/link.js');

/** Each piece from the root goes to `disturb(chunk, send)`, which sends what is left of it. */
export function disturbed(openLink, disturb) {
  return (handlers) =>
    openLink({ ...handlers, onBytes: (chunk) => disturb(chunk, (piece) => handlers.onBytes(piece)) });
}

/** A root that says nothing for a while, and a device that is gone for a while. Times are of the clock. */
export function interrupted(openLink, { clock, silentFromMs, unpluggedFromMs, backFromMs }) {
  const isSilent = () => clock.monotonic() >= silentFromMs && clock.monotonic() < unpluggedFromMs;
  return async (handlers) => {
    const now = clock.monotonic();
    if (now >= unpluggedFromMs && now < backFromMs)
      throw new LinkError('noDevice', 'no known adapter is plugged in');
    const link = await openLink({
      ...handlers,
      onBytes: (chunk) => isSilent() || handlers.onBytes(chunk),
    });
    const cancel = clock.after(Math.max(0, unpluggedFromMs - now), () => {
      if (now < unpluggedFromMs) handlers.onClosed('hungUp', 'Error: EIO, read');
    });
    const close = () => {
      cancel();
      return link.close();
    };
    return {
      name: now < backFromMs ? '/dev/ttyUSB0' : '/dev/ttyUSB1',
      identity: now < backFromMs ? 'usb:10c4:ea60:0001' : 'usb:10c4:ea60:0002',
      write: (bytes) => link.write(bytes),
      setLines: (lines) => link.setLines(lines),
      close,
    };
  };
}
