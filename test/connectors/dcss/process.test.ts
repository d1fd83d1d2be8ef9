/** The real program: against a DCSS of the tests in both protocols, and against its own programs for trying. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FakeClassifier, LOOP_WORDS } from '../../support/fake-classifier.js';
import { FakeDcss } from '../../support/fake-dcss.js';
import { freePort } from '../../support/free-port.js';
import { temporaryFolder } from '../../support/gateway-fixture.js';
import { killProcesses, MeshgateProcess, runToEnd, startProcess } from '../../support/process-fixture.js';

const folder = temporaryFolder();
/** Closed also after a failure: what listens would keep the test's process alive. */
const opened: { close(): Promise<void> }[] = [];
test.after.always(async () => {
  await killProcesses();
  await Promise.all(opened.map((one) => one.close()));
  folder.remove();
});

const REGISTRATIONS = [
  'stoh_register_operation collectLoopImages collectLoopImages',
  'stoh_register_operation meshSend meshSend',
  'stoh_register_real_motor gonio_phi hw',
  'stoh_register_string meshNodes standardString',
];

async function post(port: number, image: number): Promise<void> {
  const body = Buffer.from(`ffd8ffe0${image.toString(16).padStart(4, '0')}ffd9`, 'hex');
  const headers = { 'content-type': 'image/jpeg' };
  const { status } = await fetch(`http://127.0.0.1:${port}/axis`, { method: 'POST', body, headers });
  if (status !== 200) throw new Error(`status ${status}`);
}

function settingsFile(name: string, lines: readonly string[]): string {
  const path = join(folder.path, `${name}.toml`);
  writeFileSync(
    path,
    `[simulation]\nnodes = 3\n\n[dcss]\nname = "mesh"\nmode = "mesh"\nvirtual = true\n${lines.join('\n')}\n`,
  );
  return path;
}

for (const protocol of [1, 2] as const) {
  test.serial(
    `protocol ${protocol}, byte by byte: a move, a message to a node, and a whole collection`,
    async (t) => {
      const dcss = await FakeDcss.listen({ protocol, pieces: 1, registrations: REGISTRATIONS });
      const classifier = await FakeClassifier.listen();
      opened.push(dcss, classifier);
      const jpegPort = await freePort();
      const config = settingsFile(`p${protocol}`, [
        `server = "127.0.0.1:${dcss.port}"`,
        `classifier = "${classifier.url}"`,
        `jpeg_listen = "127.0.0.1:${jpegPort}"`,
        'frames = 20',
      ]);
      const socket = join(folder.path, `s${protocol}`);
      const gateway = await startProcess([
        '--simulate',
        '--http',
        'off',
        '--config',
        config,
        '--socket',
        socket,
      ]);
      await dcss.heard(/^htos_set_string_completed meshNodes normal .*5=active/);
      dcss.say('stoh_start_motor_move gonio_phi 5', 'stoh_start_operation meshSend 1.1 5 450102 0x41');
      await dcss.heard(/^htos_motor_move_completed gonio_phi 5.00000 normal$/);
      await dcss.heard(/^htos_operation_completed meshSend 1.1 normal 0102$/);
      dcss.say('stoh_start_operation collectLoopImages 1.2 0');
      await dcss.heard(/^htos_operation_update collectLoopImages 1.2 start_oscillation$/);
      for (let image = 1; image <= 20; image++) await post(jpegPort, image);
      await dcss.heard(/^htos_operation_completed collectLoopImages 1.2 normal done$/);
      const recording = join(folder.path, `r${protocol}`);
      t.is((await runToEnd(['record', '-o', recording], { MESHGATE_SOCKET: socket })).code, 0);
      const { stdout } = await runToEnd(['inspect', recording, '--link', 'dcss']);
      for (const text of ['stoc_send_client_type', 'htos_client_is_hardware mesh'])
        t.true(stdout.includes(Buffer.from(text).toString('hex')), text);
      for (let image = 1; image <= 20; image++)
        t.is(
          dcss.count(
            new RegExp(`^htos_operation_update collectLoopImages 1.2 LOOP_INFO ${image} ${LOOP_WORDS}$`),
          ),
          1,
        );
      const shown = await runToEnd(['devices', '--socket', socket]);
      t.regex(shown.stdout, /^dcss:camera +dcss:camera +active/m);
      t.is((await gateway.stop()).code, 0);
      await dcss.close();
      await classifier.close();
    },
  );
}

test.serial('the programs for trying: dcss-server and classifier-stub', async (t) => {
  const server = new MeshgateProcess(['dcss-server', '--listen', '127.0.0.1:0'], {}, { hasInput: true });
  const [, port = ''] = await server.printed(/waiting for hardware servers on port (\d+)/);
  const stub = new MeshgateProcess(['classifier-stub', '--listen', '127.0.0.1:0']);
  const [, url = ''] = await stub.printed(/classifier for trying: (\S+)/);
  const config = settingsFile('trial', [
    `server = "127.0.0.1:${port}"`,
    `classifier = "${url}"`,
    `jpeg_listen = "127.0.0.1:${await freePort()}"`,
  ]);
  const gateway = await startProcess([
    '--simulate',
    '--http',
    'off',
    '--config',
    config,
    '--socket',
    join(folder.path, 'trial'),
  ]);
  await server.printed(/mesh < htos_set_string_completed meshStatus normal/);
  const type = (line: string) => server.child.stdin?.write(`${line}\n`);
  type('start testAutoML');
  await server.printed(
    /mesh < htos_operation_completed testAutoML 1.1 normal LOOP_INFO 1 normal 0.58 0.5 0.21 0.08 0.38 /,
  );
  await stub.printed(/answered testAutoML:1.1:1/);
  type('move gonio_phi 1');
  await server.printed(/mesh < htos_motor_move_completed gonio_phi 1.00000 normal/);
  type('open shutter');
  await server.printed(/mesh < htos_report_shutter_state shutter open normal/);
  type('read 0.1 i0');
  await server.printed(/mesh < htos_report_ion_chambers 0.10000 i0 \d+/);
  type('jump');
  await server.printed(/give a command and a name/);
  type('jump high');
  await server.printed(/unknown command "jump"/);
  t.is((await gateway.stop()).code, 0);
  await server.printed(/mesh was disconnected: it closed the connection/);
  t.is((await server.stop()).code, 0);
  t.is((await stub.stop()).code, 0);
  const refused = await runToEnd(['dcss-server', '--listen', '0.0.0.0:1']);
  t.is(refused.code, 2);
});
