/** The fleet, on pages served by `meshgate monitor`. A gateway's own page has no fleet. */
import { useEffect, useState } from 'preact/hooks';
import type { GatewaySummary } from '../fleet/summary.js';
import { readToken } from './parts/token-prompt.js';

export type { GatewaySummary };

const query = new URLSearchParams(location.search);

/** True for the list of gateways and for the page of one gateway of a fleet. */
export const isFleet = query.has('fleet') || query.has('gateway');

/** The gateway of the fleet that this page shows; undefined on a gateway's own page and on the list of gateways. */
export const gateway = query.get('gateway') ?? undefined;

export const FLEET_HREF = '/?fleet';

export function gatewayHref(id: string): string {
  return `/?gateway=${encodeURIComponent(id)}`;
}

export interface FleetReading {
  /** Undefined until the first reply. */
  readonly gateways: readonly GatewaySummary[] | undefined;
  /** ms since the epoch, clock of the machine that serves the page. */
  readonly at: number;
  /** `denied`: a token is required. */
  readonly state: 'open' | 'lost' | 'denied';
}

/** Polls the list of gateways. */
export function useFleet(everyMs: number): FleetReading {
  const [reading, setReading] = useState<FleetReading>({
    gateways: undefined,
    at: Date.now(),
    state: 'open',
  });
  useEffect(() => {
    const poll = async () => {
      const result = await fetchFleet().catch(() => 'lost' as const);
      setReading((last) => (typeof result === 'string' ? { ...last, state: result } : result));
    };
    void poll();
    const timer = setInterval(() => void poll(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return reading;
}

async function fetchFleet(): Promise<FleetReading | 'denied'> {
  const token = readToken();
  const response = await fetch(
    '/fleet',
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  if (response.status === 401) return 'denied';
  const { gateways, at } = (await response.json()) as { gateways: GatewaySummary[]; at: number };
  return { gateways, at, state: 'open' };
}
