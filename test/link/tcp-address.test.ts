import test from 'ava';
import { formatTcpAddress, parseTcpAddress, tcpAddressProblem } from '../../src/link/tcp-address.js';

const VALID = [
  ['tcp:192.168.1.20:5025', '192.168.1.20', 5025],
  ['tcp:psu.local:5025', 'psu.local', 5025],
  ['tcp:localhost:1', 'localhost', 1],
  ['tcp:my_psu-2:65535', 'my_psu-2', 65_535],
  ['tcp:[::1]:5025', '::1', 5025],
  ['tcp:[fe80::1%eth0]:5025', 'fe80::1%eth0', 5025],
] as const;

test('an address is a host and a port; it is formatted as it was written', (t) => {
  for (const [text, host, port] of VALID) {
    t.deepEqual(parseTcpAddress(text), { host, port }, text);
    t.is(formatTcpAddress({ host, port }), text);
    t.is(tcpAddressProblem(text), undefined, text);
  }
  t.deepEqual(parseTcpAddress('TCP:psu:5025'), { host: 'psu', port: 5025 });
});

const INVALID = [
  ['', /: use tcp:HOST:PORT, such as tcp:192\.168\.1\.20:5025/],
  ['psu:5025', /: use tcp:HOST:PORT/],
  ['tcp:psu', /: the port is missing; use/],
  ['tcp:psu:', /: the port is missing; use/],
  ['tcp:psu:0', /: the port must be from 1 to 65535; use/],
  ['tcp:psu:65536', /: the port must be from 1 to 65535; use/],
  ['tcp:psu:5025x', /: the port is missing; use/],
  ['tcp:::1:5025', /: an IPv6 address needs brackets; use/],
  ['tcp:fe80::1:5025', /: an IPv6 address needs brackets; use/],
  ['tcp:[::1:5025', /: use/],
  ['tcp:[psu]:5025', /: use/],
  ['tcp:[]:5025', /: use/],
  ['tcp::5025', /: use/],
  ['tcp:1.2.3.400:5025', /: use/],
  ['tcp:192.168.1:5025', /: use/],
  ['tcp:a b:5025', /: use/],
  ['tcp:-psu:5025', /: use/],
  ['tcp:psu..local:5025', /: use/],
  ['tcp:user@psu:5025', /: use/],
  [`tcp:${'a.'.repeat(127)}a:5025`, /: use/],
  ['tcp:psu\0:5025', /: use/],
] as const;

test('an invalid address is refused, with what is wrong and what is allowed', (t) => {
  for (const [text, problem] of INVALID) {
    t.is(parseTcpAddress(text), undefined, text);
    t.regex(tcpAddressProblem(text) ?? '', problem, text);
  }
});
