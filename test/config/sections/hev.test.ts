import test from 'ava';
import { parseToml } from '../../../src/base/toml.js';
import { hevPlaces, hevSection } from '../../../src/config/sections/hev.js';
import { loadConfig } from '../../../src/gateway/settings.js';

const sectionOf = (toml: string) =>
  (loadConfig(parseToml(toml), undefined, {}) as unknown as { hev: object }).hev;

test('[hev] is one table, with its defaults; [[hev]] is several', (t) => {
  t.like(sectionOf(''), { web_port: 54_320, request_port: 54_321, native_port: 54_322, queue: 16 });
  t.like(sectionOf('[hev]\nmode = "strict"'), { mode: 'strict', battery: true });
  t.like(sectionOf('[[hev]]\nmode = "strict"\n[[hev]]\nmode = "mesh"\nweb_port = 1'), [
    { mode: 'strict', web_port: 54_320 },
    { mode: 'mesh', web_port: 1 },
  ]);
});

test('names and addresses follow the order; a device is there if it is set, and in strict mode', (t) => {
  const places = hevPlaces(
    hevSection.parse([{ mode: 'strict' }, { mode: 'mesh' }, { device: 'usb:10C4:EA60' }, {}]),
  );
  t.deepEqual(
    places.map(({ id, address, device }) => [id, address, device]),
    [
      ['hev', 0x10100, { kind: 'emulator' }],
      ['hev:2', 0x10101, undefined],
      ['hev:3', 0x10102, { kind: 'port', port: 'usb:10C4:EA60' }],
      ['hev:4', 0x10103, undefined],
    ],
  );
});

for (const [what, toml, message] of [
  [
    'an address that others can reach',
    '[hev]\nlisten = "0.0.0.0"',
    /^hev\.listen = "0\.0\.0\.0": must be 127/,
  ],
  ['an unknown mode', '[hev]\nmode = "x"', /^hev\.mode = "x": must be strict or mesh/],
  ['an unknown mode in the second', '[[hev]]\n[[hev]]\nmode = "x"', /^hev\.1\.mode = "x": must be strict/],
  ['an unknown setting', '[hev]\nfoo = 1', /^hev\.foo: unknown setting/],
  ['an unknown setting in a list', '[[hev]]\nfoo = 1', /^hev\.0\.foo: unknown setting/],
  ['auto as a device', '[hev]\ndevice = "auto"', /^hev\.device = "auto": must be emulator/],
  ['too many', '[[hev]]\n'.repeat(9), /at most 8/],
  ['no table', 'hev = 5', /^hev = 5: must be a section/],
] as const) {
  test(`${what} is refused`, (t) => {
    t.throws(() => sectionOf(toml), { code: 'BAD_CONFIG', message });
  });
}
