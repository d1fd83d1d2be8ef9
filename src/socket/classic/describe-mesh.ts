/** The JSON of an `NINFO` reply: everything that is known. Times are ms since the epoch, host clock. */
import type { Hub, NodeView } from '../../network/hub.js';
import { decodeValue } from '../../protocol/data-types.js';

export function describeMesh(hub: Hub, fresh: boolean) {
  const { state, since, name, reason } = hub.link();
  const { lastHeardAt, resets } = hub.root();
  const nodes = hub.nodes();
  return {
    link: { state, since, port: name ?? null, reason: reason ?? null },
    root: { last_contact: lastHeardAt ?? null, resets },
    node_amount: nodes.length,
    nodes: nodes.map(describeNode),
    paths: hub.paths(),
    fresh,
  };
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
