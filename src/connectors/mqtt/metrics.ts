import type { CounterMetric } from '../../hub/manifest.js';

/** For the counters of `MqttConnector.counters`. */
export const METRICS: readonly CounterMetric[] = [
  { place: 'connected', name: 'mqtt_connected', help: '1 while connected to the MQTT broker' },
  {
    place: 'downs.*',
    name: 'mqtt_failures_total',
    help: 'Failed or lost connections to the broker',
    label: 'reason',
  },
  { place: 'outbox.published', name: 'mqtt_published_total', help: 'Publications sent to the broker' },
  {
    place: 'outbox.acknowledged',
    name: 'mqtt_acknowledged_total',
    help: 'Publications acknowledged by the broker',
  },
  { place: 'outbox.refused', name: 'mqtt_refused_total', help: 'Publications rejected by the broker' },
  {
    place: 'outbox.tooLarge',
    name: 'mqtt_too_large_total',
    help: 'Publications larger than the broker allows',
  },
  {
    place: 'outbox.unacknowledged',
    name: 'mqtt_unacknowledged',
    help: 'Publications waiting for acknowledgement',
  },
  {
    place: 'events.acknowledged',
    name: 'mqtt_events_acknowledged',
    help: 'Number of the last event that the broker has',
  },
  { place: 'events.behind', name: 'mqtt_events_behind', help: 'Events that the broker does not have yet' },
  {
    place: 'events.gaps',
    name: 'mqtt_gaps_total',
    help: 'Gap notices: ranges of events that will never be published',
  },
  {
    place: 'picture.changedNodes',
    name: 'mqtt_changed_nodes',
    help: 'Nodes with changes that are not published yet',
  },
  {
    place: 'picture.fieldsLeftOut',
    name: 'mqtt_fields_left_out',
    help: 'Fields without their own topic, because their node has too many',
  },
  { place: 'images.published', name: 'mqtt_images_total', help: 'Images of devices published' },
  {
    place: 'images.tooLarge',
    name: 'mqtt_images_too_large_total',
    help: 'Images of devices not published because they are empty or larger than mqtt.images_bytes',
  },
  {
    place: 'answersDropped',
    name: 'mqtt_answers_dropped_total',
    help: 'Answers to commands that were dropped',
  },
  {
    place: 'commands.refused.*',
    name: 'mqtt_commands_refused_total',
    help: 'Commands refused',
    label: 'reason',
  },
  { place: 'commands.*', name: 'mqtt_commands_total', help: 'Commands received over MQTT', label: 'what' },
];
