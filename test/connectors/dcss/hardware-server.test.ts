import test from 'ava';
import { createLog } from '../../../src/base/log.js';
import { type FromHardware, writeFromHardware } from '../../../src/codecs/dcss/from-hardware.js';
import { isReadable } from '../../../src/codecs/dcss/text.js';
import { dcssSection } from '../../../src/config/sections/dcss.js';
import {
  checkBinding,
  commandOperation,
  findDrives,
} from '../../../src/connectors/dcss/drives/find-drives.js';
import { DeliveryFollower } from '../../../src/connectors/dcss/drives/follow.js';
import { HardwareServer } from '../../../src/connectors/dcss/hardware-server.js';
import { meshOperation } from '../../../src/connectors/dcss/mesh/mesh-operations.js';
import { meshString } from '../../../src/connectors/dcss/mesh/mesh-strings.js';
import type { Operation, OperationRun } from '../../../src/connectors/dcss/operations.js';
import { bytesOf } from '../../support/hex.js';
import { NetworkFixture } from '../../support/network-fixture.js';

interface Options {
  readonly virtual?: boolean;
  readonly device?: readonly Record<string, unknown>[];
  readonly operations?: Readonly<Record<string, Operation>>;
  readonly room?: number;
}

/** The hardware server without a connection: texts in, texts out, time by hand. */
class Bench {
  readonly said: string[] = [];
  readonly server: HardwareServer;

  constructor(
    readonly mesh: NetworkFixture,
    { virtual = true, device = [], operations = {}, room = 1023 }: Options = {},
  ) {
    const { hub, clock } = mesh;
    const section = dcssSection.parse({ device, virtual });
    for (const [index, one] of section.device.entries()) checkBinding(one, index);
    const access = { hub, clock, follower: new DeliveryFollower(hub), owner: 'dcss' };
    this.server = new HardwareServer({
      clock,
      log: createLog('dcss', () => {}, clock),
      sender: 'mesh',
      speaker: { say: (message: FromHardware) => this.said.push(writeFromHardware(message)), room },
      drives: findDrives({
        devices: section.device,
        isVirtual: virtual,
        access,
        random: () => 0.5,
        findMeshString: (name) => meshString(name, hub),
      }),
      findOperation: (name) => {
        const own = section.device.find((one) => one.name === name && one.kind === 'operation');
        return own ? commandOperation(own, access) : (operations[name] ?? meshOperation(name, access));
      },
    });
  }

  /** What is said in answer to these, and in the time after them. */
  ask(texts: readonly string[], ms = 0): string[] {
    this.said.length = 0;
    for (const text of texts) this.server.onMessage(text);
    this.mesh.clock.advance(ms);
    return [...this.said];
  }
}

const MOTOR = 'stoh_register_real_motor phi hw';
const LIMITED = 'stoh_configure_real_motor phi bl hw 1 10 -10 100 1000 50 0 1 1 0 0 0 normal';

test('a move is started, reports its position at least twice a second, and is completed once', async (t) => {
  const bench = new Bench(await NetworkFixture.up());
  t.deepEqual(bench.ask([MOTOR, LIMITED]), []);
  const said = bench.ask(['stoh_start_motor_move phi 9.5'], 5000);
  t.is(said[0], 'htos_motor_move_started phi 9.50000');
  t.deepEqual(said.slice(1, -1), [
    'htos_update_motor_position phi 4.00000 moving',
    'htos_update_motor_position phi 8.00000 moving',
  ]);
  t.is(said.at(-1), 'htos_motor_move_completed phi 9.50000 normal');
  t.deepEqual(
    bench.ask(['stoh_start_motor_move phi home'], 5000).at(-1),
    'htos_motor_move_completed phi 0.00000 normal',
  );
});

test('what is beyond a limit, locked, moving already, or not understood is completed with the reason', async (t) => {
  const bench = new Bench(await NetworkFixture.up());
  bench.ask([MOTOR, LIMITED]);
  t.deepEqual(bench.ask(['stoh_start_motor_move phi 11']), [
    'htos_motor_move_completed phi 1.00000 sw_limit',
  ]);
  t.deepEqual(bench.ask(['stoh_start_motor_move phi #script']), [
    'htos_motor_move_completed phi 1.00000 unknown',
  ]);
  bench.ask(['stoh_start_motor_move phi 5']);
  t.deepEqual(bench.ask(['stoh_start_motor_move phi 6']), ['htos_motor_move_completed phi 1.00000 moving']);
  t.deepEqual(bench.ask(['stoh_abort_motor_move phi soft']), [
    'htos_motor_move_completed phi 1.00000 aborted',
  ]);
  t.deepEqual(bench.ask([], 5000), []);
  bench.ask(['stoh_configure_real_motor phi bl hw 1 10 -10 100 1000 50 0 1 1 1 0 0 normal']);
  t.deepEqual(bench.ask(['stoh_start_motor_move phi 5']), ['htos_motor_move_completed phi 1.00000 locked']);
  t.deepEqual(bench.ask(['stoh_set_motor_position phi 3']), [
    'htos_update_motor_position phi 3.00000 normal',
  ]);
  t.deepEqual(bench.ask(['stoh_correct_motor_position phi -360']), [
    'htos_motor_correct_started phi',
    'htos_update_motor_position phi -357.00000 normal',
  ]);
});

test('an oscillation opens the shutter, turns in the given time, and closes it', async (t) => {
  const bench = new Bench(await NetworkFixture.up());
  bench.ask([MOTOR, 'stoh_register_shutter shutter closed']);
  bench.ask(['stoh_start_oscillation phi shutter 1 2'], 1900);
  await Promise.resolve();
  t.true(bench.said.includes('htos_report_shutter_state shutter open normal'));
  t.false(bench.said.some((text) => text.includes('completed')));
  bench.mesh.clock.advance(200);
  await Promise.resolve();
  t.deepEqual(bench.said.slice(-2), [
    'htos_motor_move_completed phi 1.00000 normal',
    'htos_report_shutter_state shutter closed normal',
  ]);
});

test('ion chambers: one report after the time, or repeated; names that are not registered are never reported', async (t) => {
  const bench = new Bench(await NetworkFixture.up());
  bench.ask([
    'stoh_register_ion_chamber i0 hw 1 clock standard',
    'stoh_register_ion_chamber i1 hw 2 clock standard',
  ]);
  t.deepEqual(bench.ask(['stoh_read_ion_chambers 0.5 0 i0 other i1'], 400), []);
  t.deepEqual(bench.ask([], 5000), ['htos_report_ion_chambers 0.50000 i0 5000 i1 5000']);
  t.deepEqual(bench.ask(['stoh_read_ion_chambers 0 1 other'], 5000), []);
  t.deepEqual(bench.ask(['stoh_read_ion_chambers 0.5 1 i0'], 1600).length, 3);
  t.deepEqual(bench.ask(['stoh_abort_all soft'], 5000), ['htos_report_ion_chambers 0.00000 i0 aborted']);
});

test('strings and encoders are answered; names that are not registered are counted', async (t) => {
  const bench = new Bench(await NetworkFixture.up());
  bench.ask([
    'stoh_register_string note standardString',
    'stoh_register_encoder enc hw',
    'stoh_configure_encoder enc bl 7 7',
  ]);
  t.deepEqual(bench.ask(['stoh_set_string note a  b']), ['htos_set_string_completed note normal a b']);
  t.deepEqual(bench.ask(['stoh_get_encoder enc']), ['htos_get_encoder_completed enc 7.00000 normal']);
  t.deepEqual(bench.ask(['stoh_set_encoder enc 3']), ['htos_set_encoder_completed enc 3.00000 normal']);
  const strangers = [
    'stoh_set_string other x',
    'stoh_get_encoder other',
    'stoh_start_motor_move other 1',
    'stoh_set_shutter_state other open',
  ];
  t.deepEqual(bench.ask(strangers), []);
  t.like(bench.server.counters(), { unregistered: 4 });
  t.deepEqual(bench.ask(['stoh_nonsense', 'stoh_set_encoder enc', '']), []);
  t.like(bench.server.counters(), { unknown: 2, malformed: 1 });
});

test('without virtual devices a registered name is answered, and nothing is invented', async (t) => {
  const bench = new Bench(await NetworkFixture.up(), { virtual: false });
  bench.ask([
    MOTOR,
    'stoh_register_shutter shutter open',
    'stoh_register_ion_chamber i0 hw 1 clock standard',
    'stoh_register_string note x',
  ]);
  t.deepEqual(bench.ask(['stoh_start_motor_move phi 1']), ['htos_motor_move_completed phi 0.00000 unknown']);
  t.deepEqual(bench.ask(['stoh_set_shutter_state shutter open']), [
    'htos_report_shutter_state shutter closed unknown',
  ]);
  t.deepEqual(bench.ask(['stoh_read_ion_chambers 1 0 i0'], 1000), [
    'htos_report_ion_chambers 0.00000 i0 no_value',
  ]);
  t.deepEqual(bench.ask(['stoh_set_string note x']), ['htos_set_string_completed note error']);
});

test('an operation is completed exactly once: by itself, by a stop, by an abort, or because of a mistake', async (t) => {
  const runs: OperationRun[] = [];
  const operations: Record<string, Operation> = {
    ask: (run) => void runs.push(run),
    broken: () => {
      throw new Error('a mistake');
    },
    late: async () => {
      throw new Error('a late mistake');
    },
  };
  const bench = new Bench(await NetworkFixture.up(), { operations });
  t.deepEqual(bench.ask(['stoh_start_operation other 1.1 x']), [
    'htos_operation_completed other 1.1 error unknown_operation',
  ]);
  t.deepEqual(bench.ask(['stoh_start_operation ask 1.2 a b']), []);
  t.deepEqual(runs[0]?.arguments, ['a', 'b']);
  t.deepEqual(bench.ask(['stoh_start_operation ask 1.2 again']), []);
  runs[0]?.update('half done');
  runs[0]?.complete('normal', 'done');
  runs[0]?.complete('error', 'again');
  runs[0]?.update('too late');
  t.deepEqual(bench.said, [
    'htos_operation_update ask 1.2 half done',
    'htos_operation_completed ask 1.2 normal done',
  ]);
  t.deepEqual(bench.ask(['stoh_start_operation broken 1.3']), [
    'htos_operation_completed broken 1.3 error internal_error a mistake',
  ]);
  bench.ask(['stoh_start_operation late 1.4']);
  await Promise.resolve();
  await Promise.resolve();
  t.deepEqual(bench.said, ['htos_operation_completed late 1.4 error internal_error a late mistake']);
  bench.ask(['stoh_start_operation ask 1.5']);
  t.deepEqual(bench.ask(['stoh_stop_operation ask'], 4000), []);
  t.true(runs[1]?.signal.aborted);
  t.deepEqual(bench.ask([], 2000), ['htos_operation_completed ask 1.5 aborted stopped']);
  bench.ask(['stoh_start_operation ask 1.6', 'stoh_start_operation ask 1.7']);
  t.deepEqual(bench.ask(['stoh_abort_all hard'], 60_000), [
    'htos_operation_completed ask 1.6 aborted abort_all',
    'htos_operation_completed ask 1.7 aborted abort_all',
  ]);
  t.like(bench.server.counters(), { operations: { running: 0, repeatedHandles: 1, aborted: 3 } });
});

test('256 operations run, and more are refused; a long text becomes several messages that DCSS can read', async (t) => {
  const operations: Record<string, Operation> = {
    wait: () => {},
    long: (run) => run.complete('normal', `${'ab'.repeat(300)} ${'word '.repeat(100)}`),
  };
  const bench = new Bench(await NetworkFixture.up(), { operations, room: 199 });
  const long = bench.ask(['stoh_start_operation long 1.1']);
  t.true(long.length > 4);
  t.true(long.every((text) => text.length <= 199 && isReadable(text)));
  t.is(long.filter((text) => text.startsWith('htos_operation_completed')).length, 1);
  t.true(long.at(-1)?.startsWith('htos_operation_completed long 1.1 normal '));
  for (let handle = 0; handle < 256; handle++) bench.ask([`stoh_start_operation wait 2.${handle}`]);
  t.deepEqual(bench.ask(['stoh_start_operation wait 3.1']), [
    'htos_operation_completed wait 3.1 error too_many_operations',
  ]);
});

test('after a lost connection nothing is completed, and the next one learns what was under way', async (t) => {
  const runs: OperationRun[] = [];
  const bench = new Bench(await NetworkFixture.up(), { operations: { ask: (run) => void runs.push(run) } });
  bench.ask([MOTOR, 'stoh_start_operation ask 1.1', 'stoh_start_motor_move phi 50']);
  bench.said.length = 0;
  bench.server.onLost();
  t.true(runs[0]?.signal.aborted);
  bench.said.length = 0;
  runs[0]?.complete('normal', 'too late');
  t.deepEqual(bench.said, []);
  const said = bench.ask([MOTOR], 10_000);
  t.deepEqual(said, ['htos_log warning mesh interrupted by the loss of the connection: 2: ask 1.1, phi']);
});

test('meshSend: its stages are updates, and the answer or the reason completes it', async (t) => {
  const mesh = await NetworkFixture.up();
  const bench = new Bench(mesh);
  t.deepEqual(bench.ask(['stoh_start_operation meshSend 1.1 nobody 4501']), [
    'htos_operation_completed meshSend 1.1 error no_such_node',
  ]);
  t.deepEqual(bench.ask(['stoh_start_operation meshSend 1.2 5 45f']), [
    'htos_operation_completed meshSend 1.2 error bad_hex',
  ]);
  t.deepEqual(bench.ask(['stoh_start_operation meshSend 1.3 5 4501 0x1ff']), [
    'htos_operation_completed meshSend 1.3 error bad_opcode',
  ]);
  bench.ask(['stoh_start_operation meshSend 1.4 5 45:01']);
  await settle();
  t.deepEqual(bench.said, [
    'htos_operation_update meshSend 1.4 queued',
    'htos_operation_update meshSend 1.4 written',
    'htos_operation_completed meshSend 1.4 normal written',
  ]);
  bench.ask(['stoh_start_operation meshSend 1.5 5 4501 0x06']);
  await settle();
  mesh.network.onFrame(bytesOf('00 05 06 01 02'));
  t.is(bench.said.at(-1), 'htos_operation_completed meshSend 1.5 normal 0102');
  bench.ask(['stoh_start_operation meshSend 1.6 5 4501 6']);
  await settle();
  t.deepEqual(bench.ask([], 10_000), ['htos_operation_completed meshSend 1.6 error no_answer']);
  mesh.failure = 'queueFull';
  bench.ask(['stoh_start_operation meshBroadcast 1.7 45']);
  await settle();
  t.is(bench.said.at(-1), 'htos_operation_completed meshBroadcast 1.7 error queueFull');
});

test('strings about the mesh are published when they are registered and when they change, once a second at most', async (t) => {
  const mesh = await NetworkFixture.up();
  const bench = new Bench(mesh, { virtual: false });
  const position = (byte: string) =>
    mesh.network.onFrame(bytesOf(`00 05 44 02 00 ${byte} 01 39 30 00 09 BC 00`));
  position('07');
  const [nodes, node] = bench.ask(['stoh_register_string meshNodes x', 'stoh_register_string mesh_5 x']);
  t.is(nodes, 'htos_set_string_completed meshNodes normal 5=active');
  t.regex(node ?? '', /^htos_set_string_completed mesh_5 normal name=\S+ status=active Sequence\.\S+=7 /);
  bench.said.length = 0;
  for (const byte of ['08', '09', '0A']) position(byte);
  t.deepEqual(bench.said, []);
  mesh.clock.advance(1000);
  t.is(bench.said.length, 1);
  t.regex(bench.said[0] ?? '', /Sequence\.\S+=10 /);
  mesh.clock.advance(5000);
  t.is(bench.said.length, 1);
  t.deepEqual(bench.ask(['stoh_set_string meshNodes x']), [
    'htos_set_string_completed meshNodes error 5=active',
  ]);
});

test('a node is a motor, a shutter and an ion chamber', async (t) => {
  const mesh = await NetworkFixture.up();
  const sequence = (byte: string) => mesh.network.onFrame(bytesOf(`00 05 44 01 00 ${byte}`));
  const value = mesh.hub.tables.dataTypes.findById(0);
  const field = `${value?.name}.${value?.fields[0]?.name}`;
  const device = [
    { name: 'heater', kind: 'motor', node: '5', value: field, set: '30 {u8}' },
    { name: 'lamp', kind: 'shutter', node: '5', open: '31 01', closed: '31 00' },
    { name: 'count', kind: 'ion_chamber', node: '5', value: field },
  ];
  sequence('01');
  const bench = new Bench(mesh, { virtual: false, device });
  bench.ask([
    'stoh_register_real_motor heater x',
    'stoh_register_shutter lamp closed x',
    'stoh_register_ion_chamber count x 1 x x',
  ]);
  bench.ask(['stoh_start_motor_move heater 12']);
  await settle();
  t.is(mesh.bodies.at(-1)?.subarray(-2).toString('hex'), '300c');
  sequence('05');
  sequence('0C');
  t.is(bench.said.at(-1), 'htos_motor_move_completed heater 12.00000 normal');
  t.deepEqual(
    bench.ask(['stoh_start_motor_move heater 300']).at(-1),
    'htos_motor_move_completed heater 12.00000 unknown',
  );
  bench.ask(['stoh_set_shutter_state lamp open']);
  await settle();
  t.deepEqual(bench.said, ['htos_report_shutter_state lamp open normal']);
  t.deepEqual(bench.ask(['stoh_read_ion_chambers 1 0 count'], 1000), [
    'htos_report_ion_chambers 1.00000 count 12',
  ]);
});

async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve();
}
