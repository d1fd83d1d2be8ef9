/** The JSON of an `NINFO` reply: the complete state of the mesh. Times are ms since the epoch, host clock. */
import type { Hub, NodeView } from '../../hub/hub.js';
import { success } from './reply.js';
import { ValueTexts } from './value-text.js';

/** Nodes described in one turn: with ten values each, that takes a millisecond. */
const NODES_AT_ONCE = 64;

/**
 * In pieces, so that a large mesh does not delay other clients, and the first piece can be sent immediately. Each node is
 * described in its state at that time.
 */
export function* describeMesh(hub: Hub, fresh: boolean): Generator<Buffer> {
  const texts = new ValueTexts();
  let count = 0;
  let before = success(Buffer.from(`${headText(hub)},"nodes":[`));
  for (let from = 0; ; ) {
    const nodes = hub.picture.nodesFrom(from, NODES_AT_ONCE);
    const last = nodes.at(-1);
    const text = `${count > 0 && last ? ',' : ''}${nodes.map((node) => nodeText(node, texts)).join()}`;
    count += nodes.length;
    const isOver = !last || nodes.length < NODES_AT_ONCE;
    const end = isOver ? `],${footText(hub, count, fresh)}` : '';
    yield Buffer.concat([before, Buffer.from(text + end)]);
    if (isOver) return;
    before = NOTHING;
    from = last.address + 1;
  }
}

const NOTHING = Buffer.alloc(0);

/** Without its closing brace. */
function headText(hub: Hub): string {
  const { state, since, name, reason } = hub.picture.link();
  const { lastHeardAt, resets } = hub.picture.root();
  const link = { state, since, port: name ?? null, reason: reason ?? null };
  return JSON.stringify({ link, root: { last_contact: lastHeardAt ?? null, resets } }).slice(0, -1);
}

/** Without its opening brace. */
function footText(hub: Hub, count: number, fresh: boolean): string {
  return JSON.stringify({ node_amount: count, paths: hub.picture.paths(), fresh }).slice(1);
}

function nodeText({ address, name, uuid, status, lastHeardAt, latest }: NodeView, texts: ValueTexts): string {
  const uuidText = uuid ? `"${uuid.toString('hex')}"` : 'null';
  const head = `"address":${address},"name":${JSON.stringify(name)},"uuid":${uuidText},"status":"${status}"`;
  const values = latest.map(({ type, value }) => texts.textOf(type, value)).join();
  return `{${head},"last_contact":${lastHeardAt ?? null},"values":{${values}}}`;
}
