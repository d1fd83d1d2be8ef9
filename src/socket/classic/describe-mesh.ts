/** The JSON of an `NINFO` reply: everything that is known. Times are ms since the epoch, host clock. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Hub, NodeView } from '../../network/hub.js';
import { decodeValue } from '../../protocol/data-types.js';

/** Nodes that are described before others get their turn: with ten values each, that takes some milliseconds. */
const NODES_AT_ONCE = 64;

/** In pieces of JSON, so that a large mesh holds nobody up. Each node is told as it is when its turn comes. */
export async function describeMesh(hub: Hub, fresh: boolean): Promise<Buffer[]> {
  const { state, since, name, reason } = hub.link();
  const { lastHeardAt, resets } = hub.root();
  const nodes = hub.nodes();
  const pieces: Buffer[] = [];
  for (let first = 0; first < nodes.length; first += NODES_AT_ONCE) {
    if (first > 0) await nextTurn();
    const texts = nodes.slice(first, first + NODES_AT_ONCE).map((node) => JSON.stringify(describeNode(node)));
    pieces.push(Buffer.from(`${first > 0 ? ',' : ''}${texts.join()}`));
  }
  const head = {
    link: { state, since, port: name ?? null, reason: reason ?? null },
    root: { last_contact: lastHeardAt ?? null, resets },
    node_amount: nodes.length,
  };
  const foot = { paths: hub.paths(), fresh };
  return [
    Buffer.from(`${JSON.stringify(head).slice(0, -1)},"nodes":[`),
    ...pieces,
    Buffer.from(`],${JSON.stringify(foot).slice(1)}`),
  ];
}

function describeNode({ address, name, uuid, status, lastHeardAt, latest }: NodeView) {
  return {
    address,
    name,
    uuid: uuid?.toString('hex') ?? null,
    status,
    last_contact: lastHeardAt ?? null,
    values: Object.fromEntries(
      latest.map(({ type, value }) => [
        type.name,
        {
          id: type.id,
          received: value.receivedAt,
          device_time: value.deviceTime ?? null,
          raw: value.bytes.toString('hex'),
          fields: decodeValue(type, value.bytes),
        },
      ]),
    ),
  };
}
