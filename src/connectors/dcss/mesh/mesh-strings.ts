/** Strings about the mesh: `meshNodes`, `meshStatus`, and one a node, `mesh_<address>`, as words `key=value`. */
import { cleanToken, cutWords, MAX_STRING } from '../../../codecs/dcss/text.js';
import type { Hub, HubEvent, NodeView } from '../../../hub/hub.js';
import { isUnicast } from '../../../protocol/address.js';
import { decodeValue } from '../../../protocol/data-types.js';
import { numberIn } from '../../../protocol/names.js';
import type { StringDevice } from '../drives/drive.js';

export function meshString(name: string, hub: Hub): StringDevice | undefined {
  if (name === 'meshNodes') return watched(hub, () => nodesText(hub), isAboutNodes);
  if (name === 'meshStatus') return watched(hub, () => statusText(hub), isAboutStatus);
  const address = numberIn(/^mesh_(\w+)$/.exec(name)?.[1] ?? '');
  if (address === undefined || !isUnicast(address)) return undefined;
  return watched(
    hub,
    () => nodeText(address, hub),
    (event) => (event.kind === 'node' || event.kind === 'value') && event.node === address,
  );
}

function watched(hub: Hub, read: () => string, isOf: (event: HubEvent) => boolean): StringDevice {
  return {
    get contents() {
      return read();
    },
    set: () => false,
    watch: (onChange) =>
      hub.feed.subscribe((event) => {
        if (isOf(event) || event.kind === 'link') onChange();
      }),
  };
}

function isAboutNodes({ kind }: HubEvent): boolean {
  return kind === 'node';
}

function isAboutStatus({ kind }: HubEvent): boolean {
  return kind === 'node' || kind === 'alarm';
}

/** `5=active 6=idle`. */
function nodesText({ picture }: Hub): string {
  const words = picture.nodes().map(({ address, status }) => `${address}=${status}`);
  return words.length === 0 ? 'none' : cutWords(words, MAX_STRING);
}

function statusText({ picture, alarms }: Hub): string {
  const open = alarms.open().length;
  return `link=${picture.link().state} nodes=${picture.nodesFrom(0, 0x8000).length} active=${picture.activeNodeCount()} alarms=${open}`;
}

/** `name=Node-5 status=active Battery.voltage=3.7`. */
function nodeText(address: number, { picture }: Hub): string {
  const node = picture.findNode(address);
  if (!node) return 'status=unknown';
  const facts = [`name=${node.name}`, `status=${node.status}`, ...valueWords(node)];
  return cutWords(facts.map(cleanToken), MAX_STRING);
}

function valueWords({ latest }: NodeView): string[] {
  return latest.flatMap(({ type, value }) =>
    Object.entries(decodeValue(type, value.bytes)).map(
      ([field, { value: content }]) => `${type.name}.${field}=${content}`,
    ),
  );
}
