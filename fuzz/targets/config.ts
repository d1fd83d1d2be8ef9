/** Settings, as a TOML file and as variables. */
import fc from 'fast-check';
import { loadConfig, settingNames } from '../../src/gateway/settings.js';
import type { Target } from '../target.js';
import { outcomeOf, TextFile } from './text-file.js';

const keys = settingNames().map((name) => name.split('.').at(-1) ?? '');
const sections = [
  ...new Set(settingNames().flatMap((name) => (name.includes('.') ? [name.split('.')[0]] : []))),
];
const names = settingNames().map((name) => `MESHGATE_${name.toUpperCase().replaceAll('.', '_')}`);
const value = fc.oneof(
  fc.constantFrom(
    'true',
    '5',
    '"0660"',
    '"auto"',
    '"usb:10c4:ea60"',
    '[5001, 5002]',
    '"127.0.0.1:7654"',
    '-1',
  ),
  fc.constantFrom('"v1"', '0.5', '"read"', '[]', '{}', '"0.0.0.0:80"', 'nan', 'inf', '1979-05-27T07:32:00Z'),
  fc.string({ maxLength: 10 }).map((text) => JSON.stringify(text)),
);
const entry = fc.tuple(fc.constantFrom(...keys), value).map(([key, given]) => `${key} = ${given}`);
const toml = fc
  .array(
    fc.oneof(
      entry,
      fc.constantFrom(...sections).map((name) => `[${name}]`),
      fc.constant('[[sockets]]'),
    ),
    {
      maxLength: 8,
    },
  )
  .map((lines) => lines.join('\n'));

const file = new TextFile('config.toml');

export const configTarget: Target = {
  name: 'config',
  words: [
    ...keys,
    ...sections.map((name) => `[${name}]\n`),
    ' = ',
    '"""',
    "'",
    '[[sockets]]\n',
    '\\u0000',
    '__proto__',
  ],
  inputs: toml.map((text) => Buffer.from(text)),
  run(input) {
    file.write(input);
    return outcomeOf('BAD_CONFIG', () => loadConfig({}, file.path, {}));
  },
};

/** `NAME=VALUE` a line. */
export const environmentTarget: Target = {
  name: 'environment',
  words: [...names, '=', '\n', 'MESHGATE_', 'true', '0x', ','],
  inputs: fc
    .array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 })
    .map((pairs) => Buffer.from(pairs.map((pair) => pair.join('=')).join('\n'))),
  run(input) {
    const pairs = input
      .toString('utf8')
      .split('\n')
      .map((line) => line.split('=', 2) as [string, string?]);
    const env = Object.fromEntries(pairs.filter(([name]) => name !== 'MESHGATE_CONFIG'));
    return outcomeOf('BAD_CONFIG', () => loadConfig({}, undefined, env));
  },
};
