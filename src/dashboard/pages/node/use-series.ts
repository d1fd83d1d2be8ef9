/** The values of a node over time: what the gateway holds, and then as they come. */
import { useEffect, useState } from 'preact/hooks';
import type { Value } from '../../../socket/session/shapes.js';
import { isMeasured } from '../../format.js';
import { hostNow } from '../../store/clock.js';
import { useSession } from '../../store/context.js';
import type { NodeRecord } from '../../store/node-record.js';
import type { MeshSession } from '../../store/session.js';
import { useTopic } from '../../store/topic.js';

export interface FieldSeries {
  readonly key: string;
  readonly type: string;
  readonly field: string;
  readonly unit: string | undefined;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** Points a plot is drawn of at most: more than there are pixels. */
const MAX_POINTS = 20_000;
const PAGE_LENGTH = 10_000;
/** Pages of one data type; more would be a history, not a plot. */
const MAX_PAGES = 10;
/** Plots are drawn anew at most this often. */
const RENEW_EVERY_MS = 500;

/** `periodMs`: how far back; Infinity = all that is held. Undefined while it is loaded. */
export function useSeries(record: NodeRecord, periodMs: number): readonly FieldSeries[] | undefined {
  const session = useSession();
  useTopic(session.topic);
  const [series, setSeries] = useState<readonly FieldSeries[]>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    const collector = new Collector(record, session, periodMs, setSeries);
    return () => collector.stop();
  }, [session, record, periodMs, isOpen]);
  return series;
}

type Points = { at: number; value: number }[];

class Collector {
  readonly #record: NodeRecord;
  readonly #periodMs: number;
  readonly #show: (series: readonly FieldSeries[]) => void;
  readonly #fields = new Map<
    string,
    { readonly type: string; readonly field: string; readonly unit: string | undefined; points: Points }
  >();
  readonly #onValue = (value: Value) => this.#onLive(value);
  /** Values that came while the held ones were loaded. */
  #early: Value[] | undefined = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(
    record: NodeRecord,
    session: MeshSession,
    periodMs: number,
    show: (series: readonly FieldSeries[]) => void,
  ) {
    this.#record = record;
    this.#periodMs = periodMs;
    this.#show = show;
    record.onValue.add(this.#onValue);
    void this.#load(session).catch(() => {});
  }

  stop(): void {
    this.#isStopped = true;
    this.#record.onValue.delete(this.#onValue);
    clearTimeout(this.#timer);
  }

  async #load(session: MeshSession): Promise<void> {
    const { address, values } = this.#record.info;
    const from = this.#periodMs === Number.POSITIVE_INFINITY ? 0 : Math.floor(hostNow() - this.#periodMs);
    const held = await Promise.all(
      values.map(({ id }) => loadRange(session, address, id, Math.max(0, from))),
    );
    if (this.#isStopped) return;
    for (const values of held) for (const value of values) this.#add(value);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const value of early) this.#add(value);
    this.#renew();
  }

  #onLive(value: Value): void {
    if (this.#early) {
      this.#early.push(value);
      return;
    }
    this.#add(value);
    this.#timer ??= setTimeout(() => this.#renew(), RENEW_EVERY_MS);
  }

  #add({ type, fields, receivedAt }: Value): void {
    for (const [field, { value, unit }] of Object.entries(fields)) {
      if (typeof value !== 'number') continue;
      const key = `${type}.${field}`;
      const known = this.#fields.get(key) ?? { type, field, unit, points: [] };
      this.#fields.set(key, known);
      const last = known.points.at(-1);
      if (!last || last.at < receivedAt) known.points.push({ at: receivedAt, value });
    }
  }

  #renew(): void {
    this.#timer = undefined;
    const from = hostNow() - this.#periodMs;
    const fields = [...this.#fields].sort(([, a], [, b]) => rankOf(a) - rankOf(b));
    const series = fields.map(([key, entry]) => {
      const { type, field, unit } = entry;
      entry.points = entry.points.filter(({ at }) => at >= from).slice(-MAX_POINTS);
      return { key, type, field, unit, points: [...entry.points] };
    });
    this.#show(series);
  }
}

/** What is measured comes first, then counters, then places. */
function rankOf({ field, unit }: { readonly field: string; readonly unit: string | undefined }): number {
  if (unit === undefined) return 1;
  return isMeasured(field, unit) ? 0 : 2;
}

async function loadRange(session: MeshSession, node: number, type: number, from: number): Promise<Value[]> {
  const values: Value[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const cursor: { after?: string } = after === null ? {} : { after };
    const result = await session.call('range', { node, type, from, limit: PAGE_LENGTH, ...cursor });
    values.push(...result.values);
    after = result.next;
    if (after === null) break;
  }
  return values;
}
