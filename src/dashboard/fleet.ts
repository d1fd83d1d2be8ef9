/** The fleet that this page belongs to, where `meshgate monitor` serves it; a gateway's own page has none. */
import { useEffect, useState } from 'preact/hooks';
import type { GatewaySummary } from '../fleet/summary.js';
import { readToken } from './parts/token-prompt.js';

export type { GatewaySummary };

const query = new URLSearchParams(location.search);

/** True for the page of all fields and for the page of one field of a fleet. */
export const isFleet = query.has('fleet') || query.has('gateway');

/** The gateway that this page shows; undefined for a gateway's own page, and for that of all fields. */
export const gateway = query.get('gateway') ?? undefined;

export const FIELDS_HREF = '/?fleet';

export function fieldHref(id: string): string {
  return `/?gateway=${encodeURIComponent(id)}`;
}

export interface FleetReading {
  /** Undefined until the first answer. */
  readonly gateways: readonly GatewaySummary[] | undefined;
  /** ms since the epoch, the clock of the machine that serves the page. */
  readonly at: number;
  /** `denied`: a token is demanded. */
  readonly state: 'open' | 'lost' | 'denied';
}

/** Asks for the fields, and again every `everyMs`. */
export function useFleet(everyMs: number): FleetReading {
  const [reading, setReading] = useState<FleetReading>({
    gateways: undefined,
    at: Date.now(),
    state: 'open',
  });
  useEffect(() => {
    const ask = async () => {
      const answer = await askFleet().catch(() => 'lost' as const);
      setReading((last) => (typeof answer === 'string' ? { ...last, state: answer } : answer));
    };
    void ask();
    const timer = setInterval(() => void ask(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return reading;
}

async function askFleet(): Promise<FleetReading | 'denied'> {
  const token = readToken();
  const response = await fetch(
    '/fleet',
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  if (response.status === 401) return 'denied';
  const { gateways, at } = (await response.json()) as { gateways: GatewaySummary[]; at: number };
  return { gateways, at, state: 'open' };
}
