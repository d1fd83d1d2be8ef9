import test from 'ava';
import { formatPorts } from '../../src/cli/commands/ports/ports-table.js';

const PIPE = { isTTY: false, columns: undefined, colour: false };

test('ports are listed in aligned columns, with a dash for unknown values', (t) => {
  const table = formatPorts(
    [
      { path: '/dev/ttyS0' },
      {
        path: '/dev/ttyUSB0',
        vendorId: '10c4',
        productId: 'ea60',
        serialNumber: '0001',
        byId: '/dev/serial/by-id/usb-CP2102_0001',
        knownAs: 'CP210x bridge',
      },
    ],
    PIPE,
  );
  t.is(
    table,
    [
      'PATH          USB ID     KNOWN AS       SERIAL  BY ID',
      '/dev/ttyS0    -          -              -       -',
      '/dev/ttyUSB0  10C4:EA60  CP210x bridge  0001    /dev/serial/by-id/usb-CP2102_0001',
      '',
    ].join('\n'),
  );
});

test('without ports, the table says what to check', (t) => {
  const text = formatPorts([], PIPE);
  t.regex(text, /^No serial ports found\./);
  t.regex(text, /cable/);
  t.regex(text, /meshgate doctor/);
  t.true(text.endsWith('\n'));
});
