import type { CounterMetric } from '../../hub/manifest.js';

/** Metric names of the counters of the camera, of the server for hardware servers, and of each of these. */
export const METRICS: readonly CounterMetric[] = [
  {
    place: 'camera.images',
    name: 'dcss_images_total',
    help: 'Images that the camera of the loop detection has posted',
  },
  { place: 'camera.kept', name: 'dcss_images_kept', help: 'Images of the camera in memory' },
  {
    place: 'camera.*',
    name: 'dcss_images_refused_total',
    help: 'Requests of the camera that were refused, or not complete',
    label: 'reason',
  },
  { place: 'server.accepted', name: 'dcss_hardware_accepted_total', help: 'Connections of hardware servers' },
  { place: 'server.connected', name: 'dcss_hardware_connected', help: 'Hardware servers that are connected' },
  { place: 'server.messages', name: 'dcss_hardware_messages_total', help: 'Messages of hardware servers' },
  {
    place: 'server.notSent',
    name: 'dcss_hardware_not_sent_total',
    help: 'Messages that could not be sent to hardware servers',
  },
  {
    place: 'server.ended.*',
    name: 'dcss_hardware_ended_total',
    help: 'Connections of hardware servers that ended',
    label: 'reason',
  },
  {
    place: '*.values',
    name: 'dcss_hardware_values_total',
    help: 'Values reported by hardware servers',
    label: 'server',
  },
  {
    place: '*.unknown',
    name: 'dcss_hardware_unknown_total',
    help: 'Messages of hardware servers that are not known',
    label: 'server',
  },
  {
    place: '*.malformed',
    name: 'dcss_hardware_malformed_total',
    help: 'Messages of hardware servers that are not complete',
    label: 'server',
  },
  {
    place: '*.unknownDevice',
    name: 'dcss_hardware_unknown_device_total',
    help: 'Messages of hardware servers about devices that are not theirs',
    label: 'server',
  },
  {
    place: '*.unsupported',
    name: 'dcss_hardware_unsupported_total',
    help: 'Messages of hardware servers that are not supported',
    label: 'server',
  },
];
