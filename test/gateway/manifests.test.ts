import test from 'ava';
import { composeSchema } from '../../src/config/schema.js';
import { CONNECTORS } from '../../src/connectors/load.js';
import { DEVICES } from '../../src/devices/load.js';
import { manifestAlarms, manifestMetrics, manifestSections } from '../../src/gateway/manifests.js';
import { ALARM_CODES } from '../../src/hub/alarms.js';
import { metricDefinitions } from '../../src/socket/web/metrics/metrics.js';

const MANIFESTS = [...CONNECTORS, ...DEVICES];

/** A connector and a device of the same system share their section: it is the same object. */
test('no manifest has the name of a section of the gateway, or of another manifest with another section', (t) => {
  const own = Object.keys(composeSchema({}).shape);
  const sections = new Set(MANIFESTS.map(({ settings }) => settings));
  const names = [...own, ...new Set(MANIFESTS.map(({ name }) => name))];
  t.is(new Set(names).size, names.length);
  t.is(Object.keys(manifestSections).length, sections.size);
  for (const list of [CONNECTORS, DEVICES]) t.is(new Set(list.map(({ name }) => name)).size, list.length);
});

test('no manifest redefines an alarm or a metric', (t) => {
  const codes = MANIFESTS.flatMap(({ alarms = {} }) => Object.keys(alarms));
  t.deepEqual(
    codes.filter((code) => Object.hasOwn(ALARM_CODES, code)),
    [],
  );
  t.is(Object.keys(manifestAlarms).length, codes.length);
  const own = new Set(metricDefinitions().map(({ name }) => name));
  t.deepEqual(
    manifestMetrics.filter(({ name }) => own.has(`meshgate_${name}`)),
    [],
  );
});
