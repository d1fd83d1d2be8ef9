import type { MeshEvent } from '../../src/api/shapes.js';
import type { Delivered } from './alignment.js';

/** The delivered message, or the possible loss, that an event reports. */
export function deliveredBy(event: MeshEvent): Delivered | undefined {
  if (event.kind === 'message') {
    return { kind: 'message', body: Buffer.from(event.message.body, 'hex'), at: event.at };
  }
  if (event.kind !== 'link' || event.link.state === 'up' || event.link.state === 'probing') return undefined;
  const isOfProcess = event.link.state === 'stopped' || event.link.reason === null;
  return { kind: 'break', reason: isOfProcess ? 'gatewayDown' : 'portClosed' };
}

/** The first event of a gateway's process about its link. */
export function isProcessStart(event: MeshEvent): boolean {
  return event.kind === 'link' && event.link.state === 'opening' && event.link.reason === null;
}
