import type { CounterMetric } from '../../hub/manifest.js';

/** Of what `MqttConnector.counters` gives. */
export const METRICS: readonly CounterMetric[] = [
  { place: 'connected', name: 'mqtt_connected', help: '1 while there is a connection to the MQTT broker' },
  {
    place: 'downs.*',
    name: 'mqtt_failures_total',
    help: 'Times that the broker was lost or not reached',
    label: 'reason',
  },
  { place: 'outbox.published', name: 'mqtt_published_total', help: 'Publications given to the broker' },
  {
    place: 'outbox.acknowledged',
    name: 'mqtt_acknowledged_total',
    help: 'Publications that the broker has taken',
  },
  { place: 'outbox.refused', name: 'mqtt_refused_total', help: 'Publications that the broker did not take' },
  {
    place: 'outbox.tooLarge',
    name: 'mqtt_too_large_total',
    help: 'Publications larger than the broker takes',
  },
  {
    place: 'outbox.unacknowledged',
    name: 'mqtt_unacknowledged',
    help: 'Publications that wait for the broker’s word',
  },
  {
    place: 'events.acknowledged',
    name: 'mqtt_events_acknowledged',
    help: 'Number of the last event that it has',
  },
  { place: 'events.behind', name: 'mqtt_events_behind', help: 'Events that it does not have yet' },
  {
    place: 'events.gaps',
    name: 'mqtt_gaps_total',
    help: 'Gap notices: ranges of events that it will never have',
  },
  {
    place: 'picture.changedNodes',
    name: 'mqtt_changed_nodes',
    help: 'Nodes whose news it does not have yet',
  },
  {
    place: 'picture.fieldsLeftOut',
    name: 'mqtt_fields_left_out',
    help: 'Fields without a topic of their own',
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
  { place: 'commands.*', name: 'mqtt_commands_total', help: 'Commands that came by MQTT', label: 'what' },
];
