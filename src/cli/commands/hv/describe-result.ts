import type { StreamEvent } from '../../../client/index.js';
import { formatEvent, formatWords } from '../../text/event-line.js';
import type { View } from '../../text/terminal.js';

/** The result of a command of the supply. */
export interface HvOutcome {
  readonly status: 'ok' | 'timeout';
  /** V; only of a check. */
  readonly voltage?: number;
  readonly error?: number;
}

const DIGITS = 2;

export function describeResult(asked: number, outcome: HvOutcome | undefined): string {
  if (!outcome) return `hv:1: the set point of ${asked} V is not confirmed yet`;
  const { status, voltage, error = 0 } = outcome;
  const seen = voltage === undefined ? 'no reading' : `${voltage.toFixed(DIGITS)} V`;
  if (status === 'timeout') return `hv:1 did not reach ${asked} V in time: ${seen}; the set point stays`;
  if (voltage === undefined) return `hv:1 is set to ${asked} V`;
  return `hv:1 is at ${seen}: ${error < 0 ? '-' : '+'}${Math.abs(error).toFixed(DIGITS)} V from ${asked} V`;
}

type DeliveryEvent = Extract<StreamEvent, { kind: 'delivery' }>;

/** One line, without its end. */
export function formatHvEvent(event: StreamEvent, view: View): string {
  if (event.kind !== 'delivery' || !event.delivery.command) return formatEvent({ event, values: [] }, view);
  const text = describeDelivery(event.delivery);
  return formatWords(event.at, { who: event.delivery.device ?? '', what: 'command', text }, view);
}

function describeDelivery({ command, stage, progress, detail, result }: DeliveryEvent['delivery']): string {
  const values = Object.entries(command?.arguments ?? {}).map(([name, value]) => `${name}=${value}`);
  const more = stage === 'progress' ? progress?.text : (detail ?? (result && JSON.stringify(result)));
  return [command?.name, ...values, stage + (more ? `: ${more}` : '')].join(' ');
}
