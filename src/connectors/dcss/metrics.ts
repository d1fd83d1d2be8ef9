import type { CounterMetric } from '../../hub/manifest.js';

/** Metric names of the connector's counters. */
export const METRICS: readonly CounterMetric[] = [
  { place: 'link.received', name: 'dcss_received_total', help: 'Messages of DCSS' },
  { place: 'link.sent', name: 'dcss_sent_total', help: 'Messages sent to DCSS' },
  { place: 'link.notSent', name: 'dcss_not_sent_total', help: 'Messages that DCSS could not have read' },
  { place: 'link.connections', name: 'dcss_connections_total', help: 'Connections to DCSS' },
  {
    place: 'link.coalesced',
    name: 'dcss_coalesced_total',
    help: 'Positions and strings replaced by newer ones because DCSS reads too slowly',
  },
  { place: 'link.waitingBytes', name: 'dcss_waiting_bytes', help: 'Bytes that wait for DCSS' },
  {
    place: 'link.*',
    name: 'dcss_link_events_total',
    help: 'Events of the connection to DCSS: repeated handshakes, binary parts, missing greetings, full queues',
    label: 'what',
  },
  {
    place: 'link.faults.*',
    name: 'dcss_faults_total',
    help: 'Connections to DCSS ended because of bad input',
    label: 'reason',
  },
  {
    place: 'link.losses.*',
    name: 'dcss_link_losses_total',
    help: 'Lost connections to DCSS, and attempts that failed',
    label: 'reason',
  },
  { place: 'hardware.registered', name: 'dcss_registered', help: 'Names that DCSS has registered' },
  {
    place: 'hardware.*',
    name: 'dcss_ignored_total',
    help: 'Messages of DCSS that were ignored',
    label: 'reason',
  },
  { place: 'hardware.operations.running', name: 'dcss_operations_running', help: 'Operations under way' },
  {
    place: 'hardware.operations.*',
    name: 'dcss_operations_total',
    help: 'Operations that DCSS has started, and how they ended',
    label: 'what',
  },
  { place: 'hardware.motors.moving', name: 'dcss_motors_moving', help: 'Motors that are moving' },
  {
    place: 'hardware.motors.*',
    name: 'dcss_moves_total',
    help: 'Moves, refused ones, and those interrupted by a lost connection',
    label: 'what',
  },
  {
    place: 'hardware.instruments.*',
    name: 'dcss_instruments_total',
    help: 'Readings, published strings, and requests for names that are not registered',
    label: 'what',
  },
  {
    place: 'loop.*',
    name: 'dcss_loop_total',
    help: 'Collections and single images of the loop detection',
    label: 'what',
  },
  {
    place: 'classifier.underWay',
    name: 'dcss_classifier_under_way',
    help: 'Images that the classifier is looking at',
  },
  {
    place: 'classifier.waiting',
    name: 'dcss_classifier_waiting',
    help: 'Images that wait for the classifier',
  },
  { place: 'classifier.answers', name: 'dcss_classifier_answers_total', help: 'Answers of the classifier' },
  {
    place: 'classifier.failures.*',
    name: 'dcss_classifier_failures_total',
    help: 'Images that the classifier did not answer',
    label: 'reason',
  },
  {
    place: 'files.waiting',
    name: 'dcss_files_waiting',
    help: 'Files of the loop detection that wait for the disk',
  },
  {
    place: 'files.*',
    name: 'dcss_files_total',
    help: 'Files of the loop detection, and those that failed or were dropped',
    label: 'outcome',
  },
];
