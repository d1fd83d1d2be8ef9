import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { DcssFixture, type DcssFixtureOptions } from '../../support/dcss-fixture.js';

const REGISTRATIONS = [
  'stoh_register_operation meshSend meshSend',
  'stoh_register_real_motor phi hw',
  'stoh_register_shutter shutter closed',
  'stoh_configure_real_motor phi bl hw 1 10 -10 100 1000 50 0 1 1 0 0 0 normal',
];

async function start(options: DcssFixtureOptions): Promise<DcssFixture> {
  return DcssFixture.start({ registrations: REGISTRATIONS, ...options });
}

for (const protocol of [1, 2] as const) {
  for (const setting of ['auto', protocol] as const) {
    test.serial(
      `protocol ${protocol}, set to ${setting}: moves and operations, whole, in pieces, and byte by byte`,
      async (t) => {
        for (const pieces of [0, 1, 199]) {
          const fixture = await start({ protocol, pieces, settings: { protocol: setting } });
          const { dcss } = fixture;
          await dcss.heard(/^htos_client_is_hardware mesh$/);
          dcss.say(
            'stoh_start_motor_move phi 2',
            'stoh_set_shutter_state shutter open',
            'stoh_start_operation meshSend 1.1 5 4501',
          );
          await dcss.heard(/^htos_motor_move_completed phi 2.00000 normal$/);
          await dcss.heard(/^htos_report_shutter_state shutter open normal$/);
          await dcss.heard(/^htos_operation_completed meshSend 1.1 normal written$/);
          t.is(dcss.connections, 1);
          t.true(dcss.received.every((text) => text.startsWith('htos_')));
          await fixture.close();
        }
      },
    );
  }
}

test.serial('bad input ends the connection, is counted, and the next one works', async (t) => {
  const fixture = await start({ protocol: 2 });
  const { dcss } = fixture;
  const bad: readonly Buffer[] = [
    Buffer.from('GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n'),
    Buffer.from(`${'99999999'.padStart(12)} ${'0'.padStart(12)} `),
    Buffer.from(`${'1'.padStart(12)} ${'99999999'.padStart(12)} `),
    Buffer.from(`${'-4'.padStart(12)} ${'0'.padStart(12)} stoh_abort_all`),
    Buffer.alloc(26, 0xff),
  ];
  for (const [index, bytes] of bad.entries()) {
    await dcss.until(() => (dcss.connections > index ? true : null));
    dcss.write(bytes);
  }
  await dcss.until(() => (dcss.connections > bad.length ? true : null));
  dcss.say('stoh_register_string meshStatus x', 'stoh_set_encoder', 'stoh_none x', 'stoc_send_client_type');
  await dcss.heard(/^htos_set_string_completed meshStatus normal link=up/);
  dcss.say('stoh_start_operation meshSend 1.1 5 4501');
  await dcss.heard(/^htos_operation_completed meshSend 1.1/);
  t.like(fixture.counters, {
    link: { faults: { badHeader: 3, textTooLong: 1, binaryTooLong: 1 }, repeatedHandshakes: 1 },
    hardware: { unknown: 1, malformed: 1 },
  });
  await fixture.close();
});

test.serial('neither half a message nor a greeting is waited for endlessly', async (t) => {
  const fixture = await start({ protocol: 2 });
  const { dcss } = fixture;
  await dcss.until(() => (dcss.connections === 1 ? true : null));
  dcss.write(Buffer.from('          38       '));
  await dcss.until(() => (dcss.connections === 2 ? true : null));
  await fixture.close();
  let connections = 0;
  const silent = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    if (connections === 2) socket.write('HTTP/1.1 400 Bad Request\r\n'.padEnd(200));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const other = await start({ protocol: 2, port });
  while (connections < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  t.true(other.counters.link.notGreeted >= 2);
  await other.close();
  silent.close();
});

test.serial('a DCSS that goes and comes back 50 times, in the middle of operations and moves', async (t) => {
  const fixture = await start({ protocol: 2 });
  const { dcss } = fixture;
  for (let round = 1; round <= 50; round++) {
    await dcss.until(() => (dcss.connections >= round ? true : null));
    const before = dcss.received.length;
    dcss.say('stoh_start_motor_move phi 9', `stoh_start_operation meshSend 1.${round} 5 4501 0x06`);
    await dcss.heard(/^htos_motor_move_started phi|^htos_motor_move_completed phi/, before);
    await dcss.heard(/^htos_operation_update meshSend/, before);
    dcss.hangUp();
  }
  await dcss.until(() => (dcss.connections > 50 ? true : null));
  await dcss.heard(/^htos_log warning mesh interrupted/);
  const { hardware, link } = fixture.counters;
  t.true(link.connections >= 51);
  t.like(hardware.operations, { running: 0, started: 50 });
  t.is(hardware.motors.moving, 0);
  for (let round = 1; round <= 50; round++)
    t.true(dcss.count(new RegExp(`^htos_operation_completed meshSend 1.${round} `)) <= 1);
  t.is(fixture.mesh.hub.alarms.open().filter(({ code }) => code === 'DCSS_LOST').length, 1);
  await fixture.close();
});
