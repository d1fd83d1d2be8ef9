import { errorText } from '../base/errors.js';
import { type Link, type LinkDownReason, LinkError, type ModemLines, type OpenLink } from '../link/link.js';
import type { LinkFacts } from './link-facts.js';
import type { LinkRecorder } from './link-recorder.js';

/** Wraps a link so that its state changes and bytes are recorded. */
export function recordLink(openLink: OpenLink, recorder: LinkRecorder): OpenLink {
  return async (handlers) => {
    let isOpen = false;
    const end = (reason: LinkDownReason, detail: string) => {
      if (isOpen) recorder.closed(reason, detail);
      isOpen = false;
    };
    try {
      const link = await openLink({
        onBytes(chunk) {
          recorder.received(chunk);
          handlers.onBytes(chunk);
        },
        onClosed(reason, detail) {
          end(reason, detail);
          handlers.onClosed(reason, detail);
        },
      });
      isOpen = true;
      recorder.opened(factsOf(link));
      return recorded(link, recorder, () => end('stopped', ''));
    } catch (error) {
      recorder.notOpened(error instanceof LinkError ? error.reason : 'openFailed', errorText(error));
      throw error;
    }
  };
}

function factsOf({ name, identity = '', setLines }: Link): LinkFacts {
  return { name, identity, hasLines: setLines !== undefined };
}

function recorded(link: Link, recorder: LinkRecorder, onClose: () => void): Link {
  const setLines = (lines: ModemLines) => {
    recorder.linesSet(lines);
    return link.setLines?.(lines) ?? Promise.resolve();
  };
  return {
    name: link.name,
    identity: link.identity,
    ...(link.setLines && { setLines }),
    write(bytes) {
      recorder.sent(bytes);
      return link.write(bytes);
    },
    close() {
      onClose();
      return link.close();
    },
  };
}
