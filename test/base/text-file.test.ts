import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readSecretFile, readTextFile } from '../../src/base/text-file.js';
import { mqttSection, mqttSettings } from '../../src/connectors/mqtt/section.js';
import { readAddress } from '../../src/connectors/mqtt/settings.js';
import { loadConfig } from '../../src/gateway/settings.js';
import { loadTables } from '../../src/gateway.js';
import { loadFaults } from '../../src/simulator/faults/fault-file.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function fileOf(t: ExecutionContext, bytes: Buffer | string): string {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  const file = join(path, 'file');
  writeFileSync(file, bytes);
  return file;
}

const marked = (text: string | Buffer) => Buffer.concat([MARK, Buffer.from(text)]);

test('a byte order mark is not part of a text, and counts as one only at the start', (t) => {
  t.is(readTextFile(fileOf(t, marked('a\uFEFFb'))), 'a\uFEFFb');
  t.is(readTextFile(fileOf(t, '')), '');
});

test('a text in UTF-16 is refused with that reason', (t) => {
  for (const bytes of [Buffer.from([0xff, 0xfe, 0x61, 0]), Buffer.from([0xfe, 0xff, 0, 0x61])])
    t.throws(() => readTextFile(fileOf(t, bytes)), { message: /UTF-16; save it as UTF-8/ });
});

test('a byte order mark and a line end are not part of a secret', (t) => {
  for (const text of ['s3 cret', 's3 cret\n', 's3 cret\r\n', 's3 cret\r\nsecond\n', marked('s3 cret\r\n')])
    t.is(readSecretFile(fileOf(t, text)), 's3 cret');
});

test('the configuration, tables, fault files and the broker password may begin with a byte order mark', (t) => {
  const { opcodes, data_types } = loadConfig({}, undefined, {});
  const tables = {
    opcodes: fileOf(t, marked(readFileSync(opcodes))),
    data_types: fileOf(t, marked(readFileSync(data_types))),
  };
  t.notThrows(() => loadTables(loadConfig(tables, undefined, {})));
  t.is(loadConfig({}, fileOf(t, marked('baud = 9600\n')), {}).baud, 9600);
  t.notThrows(() => loadFaults(fileOf(t, marked('[churn]\nshare = 0.1\n'))));
  const mqtt = { url: 'mqtt://broker', password_file: fileOf(t, marked('hunter2\r\n')) };
  const settings = mqttSettings(mqttSection.parse(mqtt), undefined);
  t.is(settings && readAddress(settings).password, 'hunter2');
});
