import type { Hub } from '../hub/hub.js';
import type { GatewayFacts } from './method.js';

/** Everything that the gateway counts, by room and reason. */
export function readCounters(hub: Hub, gateway: GatewayFacts): Record<string, unknown> {
  return {
    ...(hub.counters() as Record<string, unknown>),
    clients: gateway.clientCounters(),
    classicLog: gateway.classicLogCounters?.() ?? null,
    recorder: gateway.recorder?.counters() ?? null,
  };
}
