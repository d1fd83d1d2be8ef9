/**
 * The results of the session method `counters` as metrics. A counter that matches no row below becomes a gauge named
 * after its path, so that none is missing.
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

/** The same counter for clients on sockets and on websockets. */
const both = (place: string, name: string, help: string, label?: string): Row[] =>
  (['sockets', 'web'] as const).map((via) => ({
    ...row(`clients.${via}.${place}`, name, help, label),
    labels: { via },
  }));

const ROWS: readonly Row[] = [
  row('uart.received.bytes', 'uart_received_bytes_total', 'Bytes from the root'),
  row('uart.received.frames', 'uart_received_frames_total', 'Complete frames from the root'),
  row(
    'uart.received.outsideBytes',
    'uart_received_outside_bytes_total',
    'Bytes outside frames (console text)',
  ),
  row('uart.received.consoleLines', 'uart_console_lines_total', 'Lines of console text'),
  row('uart.received.emptyFrame', 'uart_empty_frames_total', 'Frames without a body'),
  row('uart.received.strayEnd', 'uart_stray_ends_total', 'Frame ends without a start'),
  row('uart.dropped.*', 'uart_frames_dropped_total', 'Frames dropped as incomplete or damaged', 'reason'),
  row('uart.sent.frames', 'uart_sent_frames_total', 'Frames written to the port'),
  row('uart.sent.bytes', 'uart_sent_bytes_total', 'Bytes written to the port'),
  row('uart.sent.halfMessages', 'uart_half_messages_total', 'Half messages that the root reported lost'),
  row('uart.sent.sentAgain', 'uart_frames_sent_again_total', 'Frames resent because the root lost them'),
  row('uart.sent.uncertain', 'uart_frames_uncertain_total', 'Frames that the root may have lost'),
  row('uart.sent.*', 'uart_commands_failed_total', 'Commands not written', 'reason'),
  row('uart.waiting', 'uart_queue_commands', 'Commands waiting to be written'),
  row('uart.linkLosses.*', 'link_failures_total', 'Times the link was lost or could not be opened', 'reason'),
  row('messages.*', 'messages_total', 'Messages from the root and the nodes', 'kind'),
  row('malformed.*', 'messages_malformed_total', 'Messages that could not be decoded', 'reason'),
  row('complaints.*', 'root_complaints_total', 'Messages that the root reported it could not send', 'what'),
  row('picture.nodes', 'nodes_known', 'Known nodes'),
  row('picture.nodesEvicted', 'nodes_evicted_total', 'Nodes removed to make room'),
  row(
    'picture.doubtfulForgotten',
    'doubtful_nodes_forgotten_total',
    'Silent addresses removed that the root never listed',
  ),
  row(
    'devices.mediaRefused',
    'device_images_refused_total',
    'Images of devices over the limit of all devices',
  ),
  row('deviceCommands.running', 'device_commands_running', 'Commands that devices are carrying out'),
  row('deviceCommands.commands', 'device_commands_total', 'Commands given to devices'),
  row('deviceCommands.completed', 'device_commands_completed_total', 'Commands that devices completed'),
  row('deviceCommands.failed', 'device_commands_failed_total', 'Commands to devices that failed'),
  row(
    'deviceCommands.failures.*',
    'device_command_failures_total',
    'Commands to devices that failed, by reason',
    'reason',
  ),
  row('deviceCommands.aborted', 'device_commands_aborted_total', 'Commands to devices that were aborted'),
  row('devices.devices', 'devices_known', 'Devices of sources other than the mesh'),
  row(
    'devices.valuesThinned',
    'device_values_thinned_total',
    'Values dropped because they exceeded their feed rate',
  ),
  row('devices.reportsLate', 'device_reports_late_total', 'Reports from sources that had closed'),
  row('picture.rootResets', 'root_resets_total', 'Restarts of the root'),
  row('history.events', 'history_events_total', 'Events stored'),
  row('history.values', 'history_values_total', 'Values stored'),
  row('history.batches', 'history_batches_total', 'Batches written to disk'),
  row('history.dropped', 'history_dropped_events_total', 'Events not stored'),
  row('history.failures', 'history_failures_total', 'Failed writes of the history'),
  row('history.setAside', 'history_files_set_aside_total', 'Damaged history files set aside'),
  row(
    'history.takenOver',
    'history_taken_over_events_total',
    'Events copied from memory to a new history file',
  ),
  row('history.reads', 'history_reads_total', 'History reads'),
  row(
    'history.readsRefused',
    'history_reads_refused_total',
    'History reads refused because too many were waiting',
  ),
  row('history.readsTimedOut', 'history_reads_timed_out_total', 'History reads that timed out after 30 s'),
  row(
    'history.readsCancelled',
    'history_reads_cancelled_total',
    'History reads cancelled because the client left or the gateway stopped',
  ),
  row('history.readsFailed', 'history_reads_failed_total', 'History reads that failed'),
  row('classicLog.written', 'classic_log_lines_total', 'Lines written to the classic log'),
  row('classicLog.dropped', 'classic_log_dropped_lines_total', 'Lines not written to the classic log'),
  row('classicLog.failures', 'classic_log_failures_total', 'Failed writes of the classic log'),
  row('classicLog.renamed', 'classic_log_files_renamed_total', 'Rotations of the classic log'),
  row('recovery.*', 'recovery_steps_total', 'Recovery steps for a silent root', 'step'),
  row('recorder.records', 'recorder_records_total', 'Records in the flight recorder'),
  row('recorder.blocks', 'recorder_blocks_total', 'Blocks filled by the flight recorder'),
  row('recorder.heldBlocks', 'recorder_held_blocks', 'Blocks of the flight recorder in memory'),
  row('recorder.heldBytes', 'recorder_held_bytes', 'Bytes of the flight recorder in memory'),
  row(
    'recorder.droppedBlocks',
    'recorder_replaced_blocks_total',
    'Blocks of the flight recorder replaced by newer ones',
  ),
  row(
    'recorder.omittedBytes',
    'recorder_omitted_bytes_total',
    'Bytes of devices that the flight recorder left out',
  ),
  row('recorder.disk.*', 'recorder_disk', 'What the flight recorder wrote to disk', 'what'),
  row('alarms.open', 'alarms_open', 'Open alarms (active, or not acknowledged)'),
  row('alarms.dropped', 'alarms_dropped_total', 'Alarms dropped to make room'),
  row('clients.audit.recorded', 'audit_recorded_total', 'Commands carried out with the role admin'),
  row(
    'clients.audit.forbidden',
    'audit_forbidden_total',
    'Calls refused because the role of the client does not permit them',
  ),
  row(
    'clients.audit.notWritten',
    'audit_not_written_total',
    'Audit entries that could not be written to disk',
  ),
  ...both('accepted', 'clients_accepted_total', 'Connections accepted'),
  ...both('refused', 'clients_refused_total', 'Websocket connections refused'),
  ...both('connected', 'clients_connected', 'Open connections'),
  ...both('listening', 'clients_listening', 'Open listening connections'),
  ...both('sessions', 'clients_sessions', 'Open sessions'),
  ...both('queuedBytes', 'clients_queued_bytes', 'Bytes not yet read by clients'),
  ...both('sent.messages', 'clients_sent_messages_total', 'Replies, events and messages sent to clients'),
  ...both('sent.bytes', 'clients_sent_bytes_total', 'Bytes sent to clients'),
  ...both('dropped', 'clients_dropped_events_total', 'Events not sent because clients read too slowly'),
  ...both(
    'coalesced',
    'clients_coalesced_values_total',
    'Values replaced by later ones because clients read too slowly',
  ),
  ...both('ended.*', 'clients_ended_total', 'Closed connections', 'reason'),
];

interface Leaf {
  readonly path: readonly string[];
  readonly value: number;
}

/**
 * Turns every number in the counters into a sample, grouped by metric. `extra`: rows in addition to those of this file.
 */
export function describeCounters(counters: unknown, extra: readonly CounterMetric[] = []): SampledMetric[] {
  const rows = byPlace([...ROWS, ...extra]);
  const metrics = new Map<string, SampledMetric & { readonly samples: SampledMetric['samples'][number][] }>();
  for (const leaf of leavesOf(counters)) {
    const { labels, ...definition } = describeLeaf(leaf, rows);
    const samples = metrics.get(definition.name)?.samples ?? [];
    samples.push({ labels, value: leaf.value });
    metrics.set(definition.name, { ...definition, labels: Object.keys(labels), samples });
  }
  return [...metrics.values()];
}

/** The metrics named by rows, for the docs. */
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

type RowsByPlace = ReadonlyMap<string, Row>;

/** Of two rows for one place, the first counts. */
function byPlace(rows: readonly Row[]): RowsByPlace {
  return new Map([...rows].reverse().map((found) => [found.place, found]));
}

function describeLeaf({ path }: Leaf, rows: RowsByPlace) {
  const last = path.at(-1) ?? '';
  const match = rowOf(path, rows);
  if (!match) return unnamed(path, last);
  const { found, at } = match;
  const labels = { ...found.labels, ...(found.label && { [found.label]: path[at] ?? last }) };
  return { ...definition(found.name, found.help), labels };
}

/** The row for this path, or else the one whose `*` stands for the name at `at`; the last name first. */
function rowOf(path: readonly string[], rows: RowsByPlace): { found: Row; at: number } | undefined {
  const exact = rows.get(path.join('.'));
  if (exact) return { found: exact, at: path.length - 1 };
  for (let at = path.length - 1; at > 0; at--) {
    const found = rows.get(path.with(at, '*').join('.'));
    if (found) return { found, at };
  }
  return undefined;
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
