import type { Hub } from '../hub/hub.js';
import type { GatewayFacts } from './method.js';

/** All counters of the gateway, by component and reason. */
export function readCounters(hub: Hub, gateway: GatewayFacts): Record<string, unknown> {
  return {
    ...(hub.counters() as Record<string, unknown>),
    clients: gateway.clientCounters(),
    classicLog: gateway.classicLogCounters?.() ?? null,
    recorder: gateway.recorder?.counters() ?? null,
  };
}
