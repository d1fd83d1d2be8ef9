/** Latencies as histograms, measured from the start whether or not they are read. */
import { type CancelTimer, type Clock, every } from '../../../base/clock.js';
import { type Distribution, Histogram } from '../../../base/histogram.js';
import type { Hub } from '../../../hub/hub.js';
import type { HistogramMetric, MetricDefinition } from './metric.js';

export interface LatencyOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  /** Times that commands waited to be written, in ms. */
  readonly sendWaits: () => Distribution;
}

/** An edge device in the field answers in half a second to some seconds. */
const ROUND_TRIP_BOUNDS_MS = [50, 100, 250, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000];
const DELAY_BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];
/** Rare enough to cost nothing; a busy process still shows within seconds. */
const CHECK_EVERY_MS = 1000;

const ROUND_TRIP = histogram(
  'meshgate_delivery_round_trip_seconds',
  'Time from writing a message to the answer of the node',
);
const SEND_WAIT = histogram('meshgate_uart_send_wait_seconds', 'Time a command waited in the send queue');
const LOOP_DELAY = histogram('meshgate_event_loop_delay_seconds', 'Event loop lag, sampled every second');

export const latencyHistograms: readonly MetricDefinition[] = [ROUND_TRIP, SEND_WAIT, LOOP_DELAY];

export class Latencies {
  readonly #options: LatencyOptions;
  readonly #roundTrips = new Histogram(ROUND_TRIP_BOUNDS_MS);
  readonly #loopDelays = new Histogram(DELAY_BOUNDS_MS);
  #unsubscribe: () => void = () => {};
  #cancel: CancelTimer = () => {};

  constructor(options: LatencyOptions) {
    this.#options = options;
  }

  start(): void {
    const { hub, clock } = this.#options;
    this.#unsubscribe = hub.feed.subscribe((event) => {
      if (event.kind !== 'delivery' || event.delivery.stage !== 'answered') return;
      if (event.delivery.roundTripMs !== undefined) this.#roundTrips.observe(event.delivery.roundTripMs);
    });
    const { raw = clock } = clock;
    let sampledAt = raw.monotonic();
    this.#cancel = every(raw, CHECK_EVERY_MS, () => {
      const now = raw.monotonic();
      this.#loopDelays.observe(Math.max(0, now - sampledAt - CHECK_EVERY_MS));
      sampledAt = now;
    });
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancel();
  }

  read(): HistogramMetric[] {
    return [
      { ...ROUND_TRIP, distribution: this.#roundTrips.snapshot() },
      { ...SEND_WAIT, distribution: this.#options.sendWaits() },
      { ...LOOP_DELAY, distribution: this.#loopDelays.snapshot() },
    ];
  }
}

function histogram(name: string, help: string): MetricDefinition {
  return { name, help, type: 'histogram', labels: [] };
}
