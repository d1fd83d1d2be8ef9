/**
 * What the session method `counters` tells, as metrics: the counters themselves are named nowhere else. One that no
 * row below fits becomes a gauge that is named after its place, so that nothing is left out.
 */

import type { CounterMetric } from '../../../hub/manifest.js';
import type { MetricDefinition, SampledMetric } from './metric.js';

interface Row extends CounterMetric {
  readonly labels?: Readonly<Record<string, string>>;
}

const row = (place: string, name: string, help: string, label?: string): Row => ({
  place,
  name,
  help,
  ...(label !== undefined && { label }),
});

/** The same counters of clients on sockets and of those on websockets. */
const both = (place: string, name: string, help: string, label?: string): Row[] =>
  (['sockets', 'web'] as const).map((via) => ({
    ...row(`clients.${via}.${place}`, name, help, label),
    labels: { via },
  }));

const ROWS: readonly Row[] = [
  row('uart.received.bytes', 'uart_received_bytes_total', 'Bytes from the root'),
  row('uart.received.frames', 'uart_received_frames_total', 'Whole frames from the root'),
  row(
    'uart.received.outsideBytes',
    'uart_received_outside_bytes_total',
    'Bytes outside frames: console text',
  ),
  row('uart.received.consoleLines', 'uart_console_lines_total', 'Lines of console text'),
  row('uart.received.emptyFrame', 'uart_empty_frames_total', 'Frames without a body'),
  row('uart.received.strayEnd', 'uart_stray_ends_total', 'Ends of frames that had no start'),
  row('uart.dropped.*', 'uart_frames_dropped_total', 'Frames that were not whole', 'reason'),
  row('uart.sent.frames', 'uart_sent_frames_total', 'Frames written to the port'),
  row('uart.sent.bytes', 'uart_sent_bytes_total', 'Bytes written to the port'),
  row(
    'uart.sent.halfMessages',
    'uart_half_messages_total',
    'Times that the root said it lost half a message',
  ),
  row('uart.sent.sentAgain', 'uart_frames_sent_again_total', 'Frames sent again because the root lost them'),
  row('uart.sent.uncertain', 'uart_frames_uncertain_total', 'Frames that the root may have lost'),
  row('uart.sent.*', 'uart_commands_failed_total', 'Commands that were not written', 'reason'),
  row('uart.waiting', 'uart_queue_commands', 'Commands that wait to be written'),
  row('uart.linkLosses.*', 'link_failures_total', 'Times that the link was lost or not opened', 'reason'),
  row('messages.*', 'messages_total', 'Messages from the root and the nodes', 'kind'),
  row('malformed.*', 'messages_malformed_total', 'Messages that could not be read', 'reason'),
  row(
    'complaints.*',
    'root_complaints_total',
    'Times that the root said it could not send a message',
    'what',
  ),
  row('picture.nodes', 'nodes_known', 'Nodes in the table'),
  row('picture.nodesEvicted', 'nodes_evicted_total', 'Nodes forgotten to make room'),
  row(
    'picture.doubtfulForgotten',
    'doubtful_nodes_forgotten_total',
    'Silent addresses forgotten that the root had never listed',
  ),
  row('picture.rootResets', 'root_resets_total', 'Restarts of the root'),
  row('history.events', 'history_events_total', 'Events stored'),
  row('history.values', 'history_values_total', 'Values stored'),
  row('history.batches', 'history_batches_total', 'Batches written to the disk'),
  row('history.dropped', 'history_dropped_events_total', 'Events that were not stored'),
  row('history.failures', 'history_failures_total', 'Times that writing failed'),
  row('history.setAside', 'history_files_set_aside_total', 'Damaged files that were set aside'),
  row('history.takenOver', 'history_taken_over_events_total', 'Events written to a new file from memory'),
  row('history.reads', 'history_reads_total', 'Reads of the history'),
  row('history.readsRefused', 'history_reads_refused_total', 'Reads refused because too many were waiting'),
  row('history.readsTimedOut', 'history_reads_timed_out_total', 'Reads given up after 30 s'),
  row(
    'history.readsCancelled',
    'history_reads_cancelled_total',
    'Reads that ended with their client or the gateway',
  ),
  row('history.readsFailed', 'history_reads_failed_total', 'Reads that failed'),
  row('classicLog.written', 'classic_log_lines_total', 'Lines of the classic log written'),
  row(
    'classicLog.dropped',
    'classic_log_dropped_lines_total',
    'Lines of the classic log that were not written',
  ),
  row('classicLog.failures', 'classic_log_failures_total', 'Times that writing the classic log failed'),
  row('classicLog.renamed', 'classic_log_files_renamed_total', 'Files of the classic log that were full'),
  row('recovery.*', 'recovery_steps_total', 'What was done about a silent root', 'step'),
  row('recorder.records', 'recorder_records_total', 'Records of the flight recorder'),
  row('recorder.blocks', 'recorder_blocks_total', 'Blocks that it has filled'),
  row('recorder.heldBlocks', 'recorder_held_blocks', 'Blocks that it holds in memory'),
  row('recorder.heldBytes', 'recorder_held_bytes', 'Bytes that it holds in memory'),
  row('recorder.droppedBlocks', 'recorder_replaced_blocks_total', 'Blocks that made room for newer ones'),
  row('recorder.disk.*', 'recorder_disk', 'What it has written to the disk', 'what'),
  row('alarms.open', 'alarms_open', 'Alarms that are not both over and acknowledged'),
  row('alarms.dropped', 'alarms_dropped_total', 'Alarms dropped to make room'),
  row('clients.audit.recorded', 'audit_recorded_total', 'What was done by the role admin'),
  row(
    'clients.audit.forbidden',
    'audit_forbidden_total',
    'What clients asked for and their role does not allow',
  ),
  row('clients.audit.notWritten', 'audit_not_written_total', 'Audit entries that the disk did not take'),
  ...both('accepted', 'clients_accepted_total', 'Connections accepted'),
  ...both('refused', 'clients_refused_total', 'Websockets refused'),
  ...both('connected', 'clients_connected', 'Connections now'),
  ...both('listening', 'clients_listening', 'Listening connections now'),
  ...both('sessions', 'clients_sessions', 'Sessions now'),
  ...both('queuedBytes', 'clients_queued_bytes', 'Bytes that wait for clients to read'),
  ...both('sent.messages', 'clients_sent_messages_total', 'Replies, events and messages sent to clients'),
  ...both('sent.bytes', 'clients_sent_bytes_total', 'Bytes sent to clients'),
  ...both('dropped', 'clients_dropped_events_total', 'Events that clients missed: they read too slowly'),
  ...both(
    'coalesced',
    'clients_coalesced_values_total',
    'Values replaced by later ones: clients read too slowly',
  ),
  ...both('ended.*', 'clients_ended_total', 'Connections that are over', 'reason'),
];

interface Leaf {
  readonly path: readonly string[];
  readonly value: number;
}

/**
 * Every number in the counters becomes a sample of one metric; a metric has its samples together. `extra`: names
 * besides those of this file.
 */
export function describeCounters(counters: unknown, extra: readonly CounterMetric[] = []): SampledMetric[] {
  const rows = [...ROWS, ...extra];
  const metrics = new Map<string, SampledMetric>();
  for (const leaf of leavesOf(counters)) {
    const { labels, ...definition } = describeLeaf(leaf, rows);
    const { samples = [] } = metrics.get(definition.name) ?? {};
    const sample = { labels, value: leaf.value };
    metrics.set(definition.name, {
      ...definition,
      labels: Object.keys(labels),
      samples: [...samples, sample],
    });
  }
  return [...metrics.values()];
}

/** What the rows name, for the docs. */
export function namedCounters(extra: readonly CounterMetric[] = []): MetricDefinition[] {
  const rows: readonly Row[] = [...ROWS, ...extra];
  const byName = new Map(rows.map((found) => [found.name, found]));
  return [...byName.values()].map(({ name, help, label, labels = {} }) => ({
    ...definition(name, help),
    labels: [...Object.keys(labels), ...(label ? [label] : [])],
  }));
}

function leavesOf(counters: unknown, path: readonly string[] = []): Leaf[] {
  if (typeof counters === 'number') return [{ path, value: counters }];
  if (typeof counters !== 'object' || counters === null) return [];
  return Object.entries(counters).flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
}

function describeLeaf({ path }: Leaf, rows: readonly Row[]) {
  const last = path.at(-1) ?? '';
  const found = rowOf(path, rows);
  if (!found) return unnamed(path, last);
  const labels = { ...found.labels, ...(found.label && { [found.label]: last }) };
  return { ...definition(found.name, found.help), labels };
}

/** The row that names this very place, or else the one whose `*` it is. */
function rowOf(path: readonly string[], rows: readonly Row[]): Row | undefined {
  const place = path.join('.');
  const group = [...path.slice(0, -1), '*'].join('.');
  return rows.find((found) => found.place === place) ?? rows.find((found) => found.place === group);
}

function unnamed(path: readonly string[], last: string) {
  const group = path.slice(0, -1);
  const [place, labels] = group.length === 0 ? [path, {}] : [group, { what: last }];
  const help = `${place.join('.')} of the session method counters`;
  return { ...definition(place.map(snakeCase).join('_'), help), labels };
}

function definition(name: string, help: string): Omit<MetricDefinition, 'labels'> {
  return { name: `meshgate_${name}`, help, type: name.endsWith('_total') ? 'counter' : 'gauge' };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/\W/g, '_');
}
