/** The effect of each kind of message on the picture; one entry per kind. */
import { cleanText } from '../base/clean-text.js';
import type { Log } from '../base/log.js';
import type { MeshPicture } from '../hub/mesh-picture.js';
import { formatAddress, ROOT_ADDRESS } from '../protocol/address.js';
import {
  describeMessage,
  isRootAddress,
  type ListedNode,
  MALFORMED_REASONS,
  type Message,
  type Path,
} from '../protocol/message.js';
import type { ListGatherer } from './list-gatherer.js';

/** What handlers act on. The root's complaints do not change the picture: they concern deliveries. */
export interface MessageEffects {
  readonly picture: MeshPicture;
  readonly nodeLists: ListGatherer<ListedNode>;
  readonly pathLists: ListGatherer<Path>;
  readonly log: Log;
  /** The root has lost half of a message from the gateway. */
  onHalfMessage(): void;
  /** The root has restarted, on its own or by command. */
  onRootReset(): void;
}

type Handlers = {
  readonly [Kind in Message['kind']]: (
    message: Extract<Message, { kind: Kind }>,
    effects: MessageEffects,
  ) => void;
};

/** `[Warning] Buffer might have remaining half message!!`, or with `Error:` in front. */
const HALF_MESSAGE_TEXT = /remaining half message/i;

/** The start of firmware texts that people should see. */
const COMPLAINT = /^(error|\[warning\])/i;

/** One for every kind of message. */
export const handlers: Handlers = {
  netInfo({ nodes }, { picture, nodeLists }) {
    for (const node of nodes) picture.onIdentified(node);
    nodeLists.onBatch(nodes);
  },
  pathInfo({ paths }, { pathLists }) {
    pathLists.onBatch(paths);
  },
  nodeInfo({ from, node }, { picture }) {
    if (node.address === from) picture.onOwnUuid(picture.onContact(from), node.uuid);
    else picture.onIdentified(node);
  },
  rootReset(_message, { nodeLists, pathLists, onRootReset }) {
    nodeLists.abandon();
    pathLists.abandon();
    onRootReset();
  },
  values({ from, values }, { picture }) {
    const node = picture.onContact(from);
    for (const value of values) picture.store(node, value);
  },
  opaque({ from }, { picture }) {
    noteContact(from, picture);
  },
  text({ from, text, complaintAbout }, { picture, log, onHalfMessage }) {
    if (complaintAbout !== undefined) return;
    noteContact(isRootAddress(from) ? ROOT_ADDRESS : from, picture);
    const line = `${isRootAddress(from) ? 'the root' : formatAddress(from)} says: ${cleanText(text)}`;
    if (COMPLAINT.test(text)) log.warn('complaint', line);
    else log.debug('%s', line);
    if (isRootAddress(from) && HALF_MESSAGE_TEXT.test(text)) onHalfMessage();
  },
  unknown({ from }, { picture }) {
    noteContact(from, picture);
  },
  malformed({ from, body, reason, offset }, { picture, nodeLists, pathLists, log }) {
    if (isRootAddress(from)) {
      nodeLists.markIncomplete();
      pathLists.markIncomplete();
    }
    if (reason !== 'bodyTooShort' && reason !== 'notUnicast') noteContact(from, picture);
    log.warn(
      `malformed ${reason}`,
      `malformed message from ${formatAddress(from)} dropped: ${MALFORMED_REASONS[reason]} (at byte ${offset} of ${describeBody(body)})`,
    );
  },
};

/** Applies a message. */
export function handleMessage(message: Message, effects: MessageEffects): void {
  const handle = handlers[message.kind] as (message: Message, effects: MessageEffects) => void;
  if (effects.log.isDebugging) effects.log.debug('%s', describeMessage(message));
  handle(message, effects);
}

/** True if clients of the classic dialect get the body, as set in opcodes.json; always for text and unknown opcodes. */
export function goesToListeners(message: Message): boolean {
  switch (message.kind) {
    case 'malformed':
      return false;
    case 'text':
    case 'unknown':
      return true;
    default:
      return message.opcode.listeners;
  }
}

function noteContact(from: number, picture: MeshPicture): void {
  if (from !== ROOT_ADDRESS) picture.onContact(from);
}

/** Length and first bytes of a body, for the log. */
function describeBody(body: Buffer): string {
  const shown = body.subarray(0, 32).toString('hex');
  return `${body.length}: ${shown}${body.length > 32 ? '…' : ''}`;
}
