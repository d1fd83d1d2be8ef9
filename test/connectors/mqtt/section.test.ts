import test from 'ava';
import { mqttSection, mqttSettings } from '../../../src/connectors/mqtt/section.js';

test('the MQTT connector keeps its state beside the history, unless a file is named, or there is no history', (t) => {
  const url = 'mqtt://broker.test';
  const fileOf = (mqtt: object, directory: string | undefined) =>
    mqttSettings(mqttSection.parse({ url, ...mqtt }), directory)?.stateFile;
  t.is(fileOf({}, '/state'), '/state/mqtt.json');
  t.is(fileOf({}, undefined), undefined);
  t.is(fileOf({ state_file: '/own' }, '/state'), '/own');
});

test('without a broker there is no MQTT', (t) => {
  t.is(mqttSettings(mqttSection.parse({}), '/state'), undefined);
});
