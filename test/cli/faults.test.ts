import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { formatFaults } from '../../src/cli/commands/start/simulation.js';
import { createFaultCounters } from '../../src/simulator/faults/fault-counters.js';
import { PRESET_NAMES } from '../../src/simulator/faults/presets.js';
import { ask } from '../support/classic-client.js';
import { killProcesses, MeshgateProcess, runToEnd, startProcess } from '../support/process-fixture.js';
import { temporaryFile } from '../support/tables.js';

const hasSocat = spawnSync('socat', ['-V']).status === 0;
const ptyTest = hasSocat ? test.serial : test.serial.skip;

const folder = mkdtempSync(join(tmpdir(), 'mg-faults-'));
test.after.always(async () => {
  await killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

test('the report lists the faults that had an effect, and omits those that had none', (t) => {
  const counters = createFaultCounters();
  t.is(formatFaults(counters.snapshot()), 'no faults injected\n');
  counters.add('bytesLost', 120);
  counters.add('hangUps', 2);
  t.is(
    formatFaults(counters.snapshot()),
    'faults injected:\n' +
      '  120  bytes from the root that were lost\n' +
      '    2  hang-ups: the device was unplugged\n',
  );
});

test.serial(
  'a gateway on a faulty virtual mesh prints which faults to expect, and in the end what they did',
  async (t) => {
    const faults = temporaryFile(t, 'faults.toml', '[hang_ups]\nafter_s = 1\nfor_s = 0.2\n');
    const socket = join(folder, 's');
    const args = ['--simulate', '--nodes', '2', '--http', 'off', '--socket', socket, '--faults', faults];
    const gateway = await startProcess(args);
    await gateway.printed(new RegExp(`^Faults: ${faults}\\.$`, 'm'));
    await gateway.logged(/faults: 1\.0 s: the device is unplugged for 0\.2 s/);
    await gateway.logged(/no link: the serial device was disconnected/);
    await gateway.logged(/unplugged[\s\S]*the root is responding/);
    t.is((await ask(socket, 'ACT-C'))[0], 'S'.charCodeAt(0));
    const { code, stdout } = await gateway.stop();
    t.is(code, 0);
    t.regex(stdout, /faults injected:\n +\d+ {2}hang-ups: the device was unplugged\n$/);
  },
);

test.serial('the configuration can set the faults, and a generation too', async (t) => {
  const settings = temporaryFile(
    t,
    'meshgate.toml',
    'simulate = true\n[simulation]\nfaults = "noisy-cable"\ngeneration = 3\n',
  );
  const gateway = await startProcess(['--config', settings, '--http', 'off', '--socket', join(folder, 't')]);
  await gateway.printed(/^Faults: noisy-cable\.$/m);
  t.is((await gateway.stop()).code, 0);
});

ptyTest('a mesh on a pseudo-terminal survives being unplugged', async (t) => {
  const faults = temporaryFile(t, 'faults.toml', '[hang_ups]\nafter_s = 1\nfor_s = 1\n');
  const pty = join(folder, 'root');
  const mesh = new MeshgateProcess(['simulate', '--pty', pty, '--nodes', '1', '--faults', faults]);
  await mesh.printed(/^virtual mesh of .* on .*, with faults: /m);
  await mesh.logged(/(unplugged[\s\S]*){2}/);
  const { code, stdout } = await mesh.stop();
  t.is(code, 0);
  t.regex(stdout, /hang-ups: the device was unplugged\n$/);
  t.false(existsSync(pty));
});

test.serial('the help lists every preset', async (t) => {
  for (const command of ['start', 'simulate']) {
    const { stdout } = await runToEnd([command, '--help']);
    for (const name of PRESET_NAMES) t.true(stdout.includes(name), `${command}: ${name}`);
  }
});

for (const { name, args, code, says } of [
  {
    name: '--faults without a virtual mesh',
    args: ['start', '--faults', 'mixed'],
    code: 2,
    says: /--faults needs a virtual mesh\n {2}add --simulate/,
  },
  {
    name: 'a preset that does not exist',
    args: ['start', '--simulate', '--faults', 'nosy-cable'],
    code: 6,
    says: /faults "nosy-cable": no such file or preset\n {2}available presets: noisy-cable, /,
  },
  {
    name: 'a generation that does not exist',
    args: ['simulate', '--pty', join(folder, 'never'), '--generation', '4'],
    code: 6,
    says: /simulation\.generation = "4": must be 1, 2 or 3 \(given on the command line\)/,
  },
]) {
  test.serial(`${name} exits with code ${code} and shows why`, async (t) => {
    const ended = await runToEnd(args);
    t.is(ended.code, code);
    t.regex(ended.stderr, says);
    t.is(ended.stdout, '');
  });
}
