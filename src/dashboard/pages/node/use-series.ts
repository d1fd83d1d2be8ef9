/** The values of a node or a device over time: those stored by the gateway, then live ones. */
import { useEffect, useState } from 'preact/hooks';
import type { Value } from '../../../api/shapes.js';
import { errorText } from '../../api.js';
import { isMeasured } from '../../format.js';
import { hostNow } from '../../store/clock.js';
import { useSession } from '../../store/context.js';
import type { MeshSession } from '../../store/session.js';
import { useTopic } from '../../store/topic.js';
import { BucketLines, bucketFor, type FieldLine, type FieldLines, ValueLines } from './field-lines.js';

export type FieldSeries = FieldLine & {
  readonly key: string;
  readonly type: string;
  readonly unit: string | undefined;
};

export interface NodeSeries {
  readonly series: readonly FieldSeries[];
  /** Some data types are still being fetched. */
  readonly isLoading: boolean;
  /** Why some could not be fetched; empty if all were. */
  readonly failure: string;
}

/** A node or a device. */
export interface SeriesOwner {
  readonly address: number;
  /** The latest of each data type. */
  readonly values: readonly Value[];
  /** Called with every value. */
  readonly valueListeners: Set<(value: Value) => void>;
}

/** Plots are updated at most this often. */
const UPDATE_EVERY_MS = 500;
/** A line with more points than this per pixel of the plot is fetched again, in larger buckets. */
const MAX_POINTS_PER_PIXEL = 4;

const LOADING: NodeSeries = { series: [], isLoading: true, failure: '' };

/** `periodMs`: how far back; `widthOf`: width of a plot in pixels. */
export function useSeries(record: SeriesOwner, periodMs: number, widthOf: () => number): NodeSeries {
  const session = useSession();
  useTopic(session.topic);
  const [series, setSeries] = useState(LOADING);
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    setSeries(LOADING);
    const collector = new Collector(record, session, periodMs, widthOf(), setSeries);
    return () => collector.stop();
  }, [session, record, periodMs, isOpen]);
  return series;
}

interface TypeEntry {
  readonly latest: Value;
  /** Undefined while they are being fetched. */
  lines: FieldLines | undefined;
  /** Values received meanwhile. */
  early: Value[];
}

function newEntry(latest: Value): TypeEntry {
  return { latest, lines: undefined, early: [] };
}

class Collector {
  readonly #record: SeriesOwner;
  readonly #session: MeshSession;
  readonly #periodMs: number;
  readonly #width: number;
  readonly #show: (series: NodeSeries) => void;
  readonly #entries: TypeEntry[];
  readonly #onValue = (value: Value) => this.#onLive(value);
  #failure = '';
  #isLoading = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(
    record: SeriesOwner,
    session: MeshSession,
    periodMs: number,
    width: number,
    show: (series: NodeSeries) => void,
  ) {
    this.#record = record;
    this.#session = session;
    this.#periodMs = periodMs;
    this.#width = width;
    this.#show = show;
    this.#entries = record.values.map(newEntry).sort((a, b) => rankOfType(a.latest) - rankOfType(b.latest));
    record.valueListeners.add(this.#onValue);
    void this.#load();
  }

  stop(): void {
    this.#isStopped = true;
    this.#record.valueListeners.delete(this.#onValue);
    clearTimeout(this.#timer);
  }

  /** One after another: a long time range is work for the gateway, and the first plots appear at once. */
  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#failure = '';
    for (const entry of this.#entries) {
      if (!entry.lines && !this.#isStopped) await this.#loadType(entry);
    }
    this.#isLoading = false;
    this.#update();
  }

  async #loadType(entry: TypeEntry): Promise<void> {
    const from = Math.max(0, Math.floor(hostNow() - this.#periodMs));
    try {
      const lines = await fetchLines(this.#session, this.#record.address, entry.latest.id, from, this.#width);
      for (const value of entry.early.splice(0)) lines.add(value);
      entry.lines = lines;
    } catch (error) {
      this.#failure = `${entry.latest.type}: ${errorText(error)}`;
    }
    this.#update();
  }

  #onLive(value: Value): void {
    const entry = this.#entries.find(({ latest }) => latest.id === value.id);
    if (!entry) {
      this.#entries.push(newEntry(value));
      void this.#load();
    } else if (entry.lines) entry.lines.add(value);
    else if (this.#isLoading) entry.early.push(value);
    this.#timer ??= setTimeout(() => this.#update(), UPDATE_EVERY_MS);
  }

  #update(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isStopped) return;
    const from = hostNow() - this.#periodMs;
    const series = this.#entries.flatMap(({ latest, lines }) => describe(latest, lines?.lines(from) ?? []));
    this.#show({
      series: series.sort((a, b) => rankOf(a) - rankOf(b)),
      isLoading: this.#isLoading,
      failure: this.#failure,
    });
    this.#refetchLong();
  }

  #refetchLong(): void {
    const long = this.#entries.filter(
      ({ lines }) => lines && lines.length > MAX_POINTS_PER_PIXEL * this.#width,
    );
    for (const entry of long) entry.lines = undefined;
    if (long.length > 0) void this.#load();
  }
}

/** The numbers of an enumeration are names, not amounts: they have no plot. */
function describe({ type, fields }: Value, lines: readonly FieldLine[]): FieldSeries[] {
  const numbers = lines.filter(({ field }) => fields[field]?.name === undefined);
  return numbers.map((line) => ({
    ...line,
    key: `${type}.${line.field}`,
    type,
    unit: fields[line.field]?.unit,
  }));
}

/** Measurements first, then counters, then coordinates. */
function rankOf({ field, unit }: { readonly field: string; readonly unit: string | undefined }): number {
  if (unit === undefined) return 1;
  return isMeasured(field, unit) ? 0 : 2;
}

function rankOfType({ fields }: Value): number {
  return Math.min(...Object.entries(fields).map(([field, { unit }]) => rankOf({ field, unit })));
}

/** Every value if the plot has a pixel for each; otherwise buckets, about one per pixel. */
async function fetchLines(
  session: MeshSession,
  node: number,
  type: number,
  from: number,
  width: number,
): Promise<FieldLines> {
  const { values, next } = await session.call('range', { node, type, from, limit: width });
  if (next === null) return new ValueLines(values);
  const to = Math.floor(hostNow());
  const first = values[0]?.receivedAt ?? from;
  const bucketMs = bucketFor(Math.max(0, to - first), width);
  const { buckets } = await session.call('aggregate', { node, type, from: first, to, bucketMs });
  return new BucketLines(buckets, bucketMs, to);
}
