import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { MeshgateError } from '../../src/base/errors.js';
import { LinkError } from '../../src/link/link.js';
import { openPort } from '../../src/link/open-port.js';
import { choosePort, type SerialPortInfo } from '../../src/link/port-choice.js';
import { type PortUse, refuseSharedPorts, withReservations } from '../../src/link/port-use.js';

const folder = mkdtempSync(join(tmpdir(), 'mg-port-use-'));
const DMM = join(folder, 'ttyUSB0');
const DMM_LINK = join(folder, 'by-id-dmm');
writeFileSync(DMM, '');
symlinkSync(DMM, DMM_LINK);
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const bridge = (path: string, serialNumber: string): SerialPortInfo => ({
  path,
  vendorId: '10c4',
  productId: 'ea60',
  serialNumber,
  knownAs: 'CP210x bridge',
});
const PORTS = [bridge(DMM, '0001'), bridge('/dev/ttyFAKE1', '0002')];

async function choose(wanted: string, uses: readonly PortUse[]) {
  return choosePort(wanted, await withReservations(PORTS, uses));
}

for (const [how, port] of [
  ['by path', DMM],
  ['by a link to it', DMM_LINK],
  ['by its USB serial number', 'usb:10C4:EA60:0001'],
] as const) {
  test(`auto does not choose a port that a device is configured for ${how}, and says so`, async (t) => {
    const choice = await choose('auto', [{ user: 'dmm', port }]);
    t.like(choice, { kind: 'chosen', path: '/dev/ttyFAKE1' });
    t.is(
      choice.why,
      '/dev/ttyFAKE1: CP210x bridge (10C4:EA60), the only free known serial bridge; ' +
        `not considered: ${DMM}: CP210x bridge (10C4:EA60), reserved for dmm`,
    );
  });
}

test('without the reservation there are two, and none is chosen', async (t) => {
  t.is((await choose('auto', [])).kind, 'several');
  t.is((await choose('auto', [{ user: 'x', port: '/dev/elsewhere' }])).kind, 'several');
});

test('a USB id takes no reserved port either; a path is always taken', async (t) => {
  const uses = [{ user: 'dmm', port: DMM }];
  t.like(await choose('usb:10C4:EA60', uses), { kind: 'chosen', path: '/dev/ttyFAKE1' });
  t.like(await choose('usb:10C4:EA60:0001', uses), { kind: 'none' });
  t.like(await choose(DMM, uses), { kind: 'chosen', path: DMM });
});

test('when every known bridge is reserved, none is chosen, and none of them is suggested', async (t) => {
  const choice = await choose('auto', [{ user: 'dmm and psu', port: 'usb:10C4:EA60' }]);
  t.is(choice.kind, 'none');
  t.regex(choice.why, /^no free known serial bridge: found .*reserved for dmm and psu/);
  t.notRegex(choice.why, /set the port, for example/);
});

test('the reservations are read again at each opening', async (t) => {
  let uses: readonly PortUse[] = [];
  const open = openPort(
    { port: 'auto', baud: 115_200 },
    { list: async () => [bridge(DMM, '0001')], reserved: () => uses },
  );
  const failure = async () => {
    const error = await t.throwsAsync(open({ onBytes() {}, onClosed() {} }), { instanceOf: LinkError });
    return `${(error as LinkError).reason} ${error?.message}`;
  };
  t.regex(await failure(), /not a serial device/, 'it was chosen, and opened');
  uses = [{ user: 'dmm', port: DMM_LINK }];
  t.regex(await failure(), /^noDevice no free known serial bridge/);
});

test('a port that is given twice is refused, however it is written', (t) => {
  const root = { user: 'the root', port: 'auto' };
  t.notThrows(() => refuseSharedPorts([]));
  t.notThrows(() =>
    refuseSharedPorts([root, { user: 'dmm', port: DMM }, { user: 'psu', port: '/dev/ttyS7' }]),
  );
  for (const [one, two] of [
    [DMM, DMM_LINK],
    ['/dev/ttyS7', '/dev/../dev/ttyS7'],
    ['usb:10C4:EA60:0001', 'USB:10c4:ea60:0001'],
    ['auto', 'AUTO'],
  ] as const) {
    const uses = [
      { user: 'the root', port: one },
      { user: 'dmm', port: two },
    ];
    const error = t.throws(() => refuseSharedPorts(uses), { instanceOf: MeshgateError });
    t.is((error as MeshgateError).code, 'BAD_CONFIG');
    t.is(error?.message, `the serial port ${two} is configured for both the root and dmm`);
  }
});
