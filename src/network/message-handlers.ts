/** What each kind of message does to the picture; one row a kind. */
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

/** What handlers work on. The root's complaints change nothing of the picture: they are matters of deliveries. */
export interface MessageEffects {
  readonly picture: MeshPicture;
  readonly nodeLists: ListGatherer<ListedNode>;
  readonly pathLists: ListGatherer<Path>;
  readonly log: Log;
  /** The root lost half a message of ours. */
  onHalfMessage(): void;
  /** The root has restarted by itself or by command. */
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

/** How firmware begins a text that a person should see. */
const COMPLAINT = /^(error|\[warning\])/i;

/** Of every kind of message. */
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
      nodeLists.spoil();
      pathLists.spoil();
    }
    if (reason !== 'bodyTooShort' && reason !== 'notUnicast') noteContact(from, picture);
    log.warn(
      `malformed ${reason}`,
      `dropped a message of node ${formatAddress(from)}: ${MALFORMED_REASONS[reason]} (at byte ${offset} of ${describeBody(body)})`,
    );
  },
};

/** Carries out what a message means. */
export function handleMessage(message: Message, effects: MessageEffects): void {
  const handle = handlers[message.kind] as (message: Message, effects: MessageEffects) => void;
  if (effects.log.isDebugging) effects.log.debug('%s', describeMessage(message));
  handle(message, effects);
}

/** True where clients of the classic dialect get the body, as opcodes.json says; text and the unknown always. */
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

/** Enough of a body to recognise it in a log. */
function describeBody(body: Buffer): string {
  const shown = body.subarray(0, 32).toString('hex');
  return `${body.length}: ${shown}${body.length > 32 ? '…' : ''}`;
}
