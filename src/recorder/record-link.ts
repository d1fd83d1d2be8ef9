import { errorText } from '../errors.js';
import { type LinkDownReason, LinkError, type OpenLink } from '../uart/link.js';
import type { Recorder } from './recorder.js';

/** The same link, with its life and its bytes recorded. */
export function recordLink(openLink: OpenLink, recorder: Recorder): OpenLink {
  return async (handlers) => {
    let isOpen = false;
    const end = (reason: LinkDownReason, detail: string) => {
      if (isOpen) recorder.closed(reason, detail);
      isOpen = false;
    };
    try {
      const link = await openLink({
        onBytes(chunk) {
          recorder.fromRoot(chunk);
          handlers.onBytes(chunk);
        },
        onClosed(reason, detail) {
          end(reason, detail);
          handlers.onClosed(reason, detail);
        },
      });
      isOpen = true;
      recorder.opened(link.name);
      return {
        name: link.name,
        write(bytes) {
          recorder.toRoot(bytes);
          return link.write(bytes);
        },
        close() {
          end('stopped', '');
          return link.close();
        },
      };
    } catch (error) {
      recorder.notOpened(error instanceof LinkError ? error.reason : 'openFailed', errorText(error));
      throw error;
    }
  };
}
