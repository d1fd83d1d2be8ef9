import type { CounterMetric } from '../hub/manifest.js';

/** Of `[[device]]`: each with the id of the device as a label. */
export const LISTED_METRICS: readonly CounterMetric[] = [
  ['lines', 'device_lines_total', 'Lines received from devices'],
  ['values', 'device_values_total', 'Values reported by devices'],
  ['pictures', 'device_pictures_total', 'Pictures of demo devices'],
  ['linesUnmatched', 'device_lines_unmatched_total', 'Lines that match no pattern'],
  ['linesTooLong', 'device_lines_too_long_total', 'Lines dropped because they were too long'],
  ['linesDropped', 'device_lines_dropped_total', 'Lines dropped because there were too many per second'],
  ['fieldsInvalid', 'device_fields_invalid_total', 'Fields left out because they were not valid'],
  ['sent', 'device_lines_sent_total', 'Lines sent to devices'],
  ['pollsSkipped', 'device_polls_skipped_total', 'Polls skipped because the one before had not ended'],
  ['repliesMissing', 'device_replies_missing_total', 'Lines without a reply in time'],
  ['repliesLate', 'device_replies_late_total', 'Replies after the time-out'],
  ['repliesRejected', 'device_replies_rejected_total', 'Error replies'],
  ['linkLosses', 'device_link_failures_total', 'Times the link was lost or could not be opened'],
].map(([place = '', name = '', help = '']) => ({ place: `*.${place}`, name, help, label: 'device' }));
