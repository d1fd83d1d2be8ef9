import { connect, type Socket } from 'node:net';
import test from 'ava';
import { createLog } from '../../../src/base/log.js';
import { dcssSection } from '../../../src/config/sections/dcss.js';
import { DHS_ENDS, DhsServer } from '../../../src/devices/dcss/dhs-server.js';
import { ServedHardware } from '../../../src/devices/dcss/served-hardware.js';
import type { Delivery } from '../../../src/hub/deliveries.js';
import { decodeValue } from '../../../src/protocol/data-types.js';
import { fixed } from '../../support/fake-dcss.js';
import { fastClock } from '../../support/fast-clock.js';
import { freePort } from '../../support/free-port.js';
import { NetworkFixture } from '../../support/network-fixture.js';
import { Waiters } from '../../support/waiters.js';

/** As the simulator and the C++ library write it: left-aligned, and a NUL after the sizes. */
function frame(text: string): string {
  return `${String(text.length + 1).padEnd(13)}${'0'.padEnd(12)}\0${text}\0`;
}

/** A hardware server of the tests, in protocol 2; its bytes are written by hand. */
class FakeDhs {
  readonly received: string[] = [];
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #waiters = new Waiters(() => this.received.join('\n'));
  #input = Buffer.alloc(0);

  constructor(port: number, first: Buffer) {
    this.#socket = connect(port, '127.0.0.1', () => this.#socket.write(first));
    this.ended = new Promise((resolve) => this.#socket.on('close', () => resolve()));
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#read();
      this.#waiters.look();
    });
  }

  say(...texts: readonly string[]): void {
    this.write(Buffer.from(texts.map(frame).join('')));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  heard(pattern: RegExp): Promise<string> {
    return this.#waiters.until(() => this.received.find((text) => pattern.test(text)));
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(): void {
    for (;;) {
      const isFixed = this.received.length === 0;
      const size = isFixed ? 200 : 26 + Number(this.#input.toString('latin1', 0, 12));
      if (this.#input.length < size || (!isFixed && this.#input.length < 26)) return;
      this.received.push(this.#input.toString('latin1', isFixed ? 0 : 26, size).split('\0')[0] ?? '');
      this.#input = this.#input.subarray(size);
    }
  }
}

const HELLO = fixed('htos_client_is_hardware loopDHS');
const DEVICES = [
  { name: 'phi', kind: 'motor', dhs: 'loopDHS', lower: -10, upper: 100 },
  { name: 'shutter', kind: 'shutter', dhs: 'loopDHS' },
  { name: 'i0', kind: 'ion_chamber', dhs: 'loopDHS' },
  { name: 'note', kind: 'string', dhs: 'loopDHS' },
  { name: 'enc', kind: 'encoder', dhs: 'loopDHS' },
  { name: 'getLoopTip', kind: 'operation', dhs: 'loopDHS' },
];

async function serve() {
  const port = await freePort();
  const mesh = await NetworkFixture.up();
  const { hub } = mesh;
  const section = dcssSection.parse({ serve: `127.0.0.1:${port}`, dhs: ['loopDHS'], device: DEVICES });
  const logged: string[] = [];
  const noLink = () => {
    throw new Error('no links here');
  };
  const served = new ServedHardware(section, `127.0.0.1:${port}`, {
    hub,
    clock: fastClock(50),
    log: createLog('dcss', (line) => logged.push(line)),
    links: { serial: noLink, tcp: noLink, record: noLink },
    stateDirectory: undefined,
    random: Math.random,
  });
  served.start();
  const waiters = new Waiters(() => mesh.events.map(({ kind }) => kind).join());
  hub.feed.subscribe(() => waiters.look());
  const addressOf = (id: string) => hub.picture.addressOf(id) ?? 0;
  const latestOf = (id: string, type: string) => {
    const latest = hub.picture.findDevice(addressOf(id))?.latest.find((one) => one.type.name === type);
    return latest && decodeValue(latest.type, latest.value.bytes);
  };
  return {
    mesh,
    served,
    logged,
    dial: (first = HELLO) => new FakeDhs(port, first),
    statusOf: (id: string) => hub.picture.findDevice(addressOf(id))?.status,
    latestOf,
    value: (id: string, type: string) => waiters.until(() => latestOf(id, type)),
    command(id: string, name: string, values: Record<string, string | number> = {}): Delivery {
      const device = hub.picture.findDevice(addressOf(id));
      const definition = device?.commands.find((one) => one.name === name);
      if (!device || !definition) throw new Error(`no ${id} ${name}`);
      return hub.commands.command({
        address: device.address,
        definition,
        arguments: values,
        by: { owner: 'test' },
      });
    },
    stage: ({ id }: Delivery, stage: string) =>
      waiters.until(() => {
        const now = hub.commands.findDelivery(id);
        return now?.stage === stage ? now : undefined;
      }),
    counters: () => hub.counters() as { dcss: Record<string, Record<string, number>> },
  };
}

test.serial(
  'a hardware server connects, learns what is its own, and its devices join the picture',
  async (t) => {
    const bench = await serve();
    t.is(bench.statusOf('dcss:phi'), 'unknown');
    const dhs = bench.dial();
    await dhs.heard(/^stoh_register_operation getLoopTip getLoopTip$/);
    t.deepEqual(dhs.received.slice(0, 4), [
      'stoc_send_client_type',
      'stoh_register_real_motor phi phi',
      'stoh_configure_real_motor phi meshgate phi 0.00000 100.00000 -10.00000 1000.00000 1000.00000 100.00000 0.00000 1 1 0 0 0 normal',
      'stoh_register_shutter shutter closed shutter',
    ]);
    dhs.say(
      'htos_update_motor_position phi 12.50000 normal',
      'htos_report_shutter_state shutter open normal',
      'htos_report_ion_chambers 0.10000 i0 1234 stranger 5',
      'htos_set_string_completed note normal some text',
      'htos_get_encoder_completed enc 7.00000 normal',
      'htos_update_motor_position stranger 1.0 normal',
      'htos_nonsense',
      'htos_start_operation other 1.1',
      'htos_log warning loop the camera is dark',
    );
    t.like(await bench.value('dcss:loopDHS', 'DcssLog'), {
      level: { value: 'warning' },
      text: { value: 'the camera is dark' },
    });
    t.like(bench.latestOf('dcss:phi', 'DcssMotor'), {
      position: { value: 12.5 },
      status: { name: 'normal' },
    });
    t.like(bench.latestOf('dcss:shutter', 'DcssShutter'), { state: { name: 'open' } });
    t.like(bench.latestOf('dcss:i0', 'DcssIonChamber'), { counts: { value: 1234 }, seconds: { value: 0.1 } });
    t.like(bench.latestOf('dcss:note', 'DcssString'), { contents: { value: 'some text' } });
    t.like(bench.latestOf('dcss:enc', 'DcssEncoder'), { position: { value: 7 } });
    t.is(bench.statusOf('dcss:phi'), 'active');
    t.like(bench.counters().dcss.loopDHS, { unknownDevice: 2, unknown: 1, unsupported: 1 });
    dhs.end();
    while (bench.statusOf('dcss:phi') !== 'unknown') await new Promise((resolve) => setTimeout(resolve, 2));
    t.true(bench.mesh.hub.alarms.open().some(({ id }) => id === 'LINK_LOST:dcss:loopDHS'));
    await bench.served.stop();
  },
);

test.serial(
  'moves and operations are commands with their stages, completed, refused, or aborted',
  async (t) => {
    const bench = await serve();
    t.is(bench.command('dcss:phi', 'move', { position: 5 }).failure, 'noLink');
    const dhs = bench.dial();
    await dhs.heard(/getLoopTip/);
    const move = bench.command('dcss:phi', 'move', { position: 50 });
    await dhs.heard(/^stoh_start_motor_move phi 50$/);
    t.is(bench.command('dcss:phi', 'move', { position: 5 }).failure, 'rejectedByDevice');
    dhs.say('htos_motor_move_started phi 50.00000');
    await bench.stage(move, 'accepted');
    dhs.say('htos_update_motor_position phi 25.00000 moving');
    t.like(await bench.stage(move, 'progress'), { progress: { fraction: 0.5 } });
    dhs.say('htos_motor_move_completed phi 50.00000 normal');
    t.like(await bench.stage(move, 'completed'), { result: { position: 50 } });
    const refused = bench.command('dcss:phi', 'move', { position: 60 });
    dhs.say('htos_motor_move_completed phi 50.00000 sw_limit');
    t.like(await bench.stage(refused, 'failed'), { failure: 'rejectedByDevice', detail: 'sw_limit' });
    const aborted = bench.command('dcss:phi', 'move', { position: 60 });
    dhs.say('htos_motor_move_started phi 60.00000');
    await bench.stage(aborted, 'accepted');
    bench.mesh.hub.commands.abort(aborted.id);
    await dhs.heard(/^stoh_abort_motor_move phi soft$/);
    dhs.say('htos_motor_move_completed phi 52.00000 aborted');
    await bench.stage(aborted, 'aborted');
    const tip = bench.command('dcss:loopDHS', 'getLoopTip', { arguments: '1' });
    const [, , handle = ''] = (await dhs.heard(/^stoh_start_operation getLoopTip \S+ 1$/)).split(' ');
    dhs.say(
      `htos_operation_update getLoopTip ${handle} looking`,
      `htos_operation_completed getLoopTip ${handle} normal 0.5 0.5`,
    );
    t.like(await bench.stage(tip, 'completed'), {
      result: { text: '0.5 0.5' },
      progress: { text: 'looking' },
    });
    const lost = bench.command('dcss:loopDHS', 'getLoopTip', {});
    const shutter = bench.command('dcss:shutter', 'set', { state: 'open' });
    await dhs.heard(/^stoh_set_shutter_state shutter open$/);
    dhs.say('htos_report_shutter_state shutter open normal');
    await bench.stage(shutter, 'completed');
    dhs.end();
    t.like(await bench.stage(lost, 'failed'), { failure: 'linkLost' });
    await bench.served.stop();
  },
);

test.serial(
  'names that are not known, second connections, and bad input are refused with a reason',
  async (t) => {
    const bench = await serve();
    const first = bench.dial(Buffer.from('htos_client_is_hardware loopDHS'.padStart(200)));
    await first.heard(/getLoopTip/);
    const others = [
      bench.dial(fixed('htos_client_is_hardware nobody')),
      bench.dial(HELLO),
      bench.dial(fixed('htos_client_is_gui me')),
      bench.dial(Buffer.from('half')),
      bench.dial(Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(20))),
    ];
    await Promise.all(others.map(({ ended }) => ended));
    first.write(Buffer.from('x'.repeat(26)));
    await first.ended;
    const again = bench.dial(fixed('htos_client_is_hardware loopDHS'));
    await again.heard(/getLoopTip/);
    t.is(again.received.length, first.received.length);
    await bench.served.stop();
    const text = bench.logged.join('\n');
    const reasons = [
      'unknownName',
      'nameTaken',
      'badHandshake',
      'noHandshake',
      'badHeader',
      'stopped',
    ] as const;
    for (const reason of reasons) t.true(text.includes(DHS_ENDS[reason]), reason);
  },
);

test.serial('a peer whose address is not allowed never gets a greeting', async (t) => {
  const port = await freePort();
  const ends: string[] = [];
  const server = new DhsServer({
    clock: fastClock(1),
    host: '127.0.0.1',
    port,
    protocol: 2,
    mayConnect: () => false,
    isKnown: () => true,
    onReady: () => {},
    onText: () => {},
    onEnd: (_, reason) => ends.push(reason),
  });
  await server.listen();
  const dhs = new FakeDhs(port, HELLO);
  await dhs.ended;
  t.deepEqual([dhs.received, ends], [[], ['refusedPeer']]);
  await server.stop();
});
