/** The commands about devices, as processes, against a gateway with a stage. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Source } from '../../src/hub/source.js';
import { FIRST_STAGE, STATE } from '../support/commanded-bench.js';
import { type GatewayFixture, startGateway } from '../support/gateway-fixture.js';
import { FOR_EVER, PICTURE, startMovingBench, TOO_FAR } from '../support/moving-bench.js';
import { killProcesses, MeshgateProcess, runToEnd } from '../support/process-fixture.js';
import { Program } from '../support/program.js';

let gateway: GatewayFixture;
let source: Source;
const env = () => ({ MESHGATE_SOCKET: gateway.socketPath });
const run = (line: string) => runToEnd(line.split(' '), env());
const start = (line: string) => new MeshgateProcess(line.split(' '), env());

test.before(async () => {
  gateway = await startGateway();
  source = startMovingBench(gateway.hub);
});

test.after.always(async () => {
  await killProcesses();
  await gateway.close();
});

test.serial('device shows what it is, its values, commands, arguments and alarms', async (t) => {
  source.raiseAlarm(FIRST_STAGE, { code: 'LIMIT', priority: 'low', text: 'near the end stop' });
  const { code, stdout, stderr } = await run('device STAGE');
  t.is(code, 0, stderr);
  t.regex(
    stdout,
    /^stage {2}active\nwhat +Stage of the bench\nsource +motion\nlink +up for .*: bench\.local:5000\n/,
  );
  t.regex(stdout, /^StageState +MOVING +/m);
  t.regex(stdout, /^Camera +image\/png +8 B +/m);
  t.regex(stdout, /^move +send +yes +yes +Move the stage$/m);
  t.regex(stdout, /^move +position +number +0 to 100 mm +required$/m);
  t.regex(stdout, /^DEVICE_ALARM:stage:LIMIT +low .* stage: near the end stop$/m);
  const json = JSON.parse((await run('device stage --json')).stdout);
  t.like(json, { id: 'stage', link: { state: 'up' }, alarms: [{ deviceCode: 'LIMIT' }] });
  source.clearAlarm(FIRST_STAGE, 'LIMIT');
  await run('alarms ack all');
});

test.serial('an image is saved in a file or written to standard output', async (t) => {
  const file = join(gateway.folder, 'picture.png');
  const { code, stdout } = await run(`device stage --image ${file} --type camera`);
  t.is(code, 0);
  t.true(stdout.endsWith(`: saved in ${file}\n`), stdout);
  t.deepEqual(readFileSync(file), PICTURE);
  const json = JSON.parse((await run(`device stage --image ${file} --json`)).stdout);
  t.like(json, { file, device: 'stage', type: 'Camera', mediaType: 'image/png', bytes: 8 });
  t.regex((await run('device stage --image -')).stdout, /PNG/);
});

/** The command line, the exit code, and what it says on standard error or else on standard output. */
const ENDS: readonly (readonly [line: string, code: number, says: RegExp])[] = [
  [
    'command stage move position=12 --yes',
    0,
    /^stage move position=12 mode=slow: (accepted|on|45|completed)/,
  ],
  ['command stage home', 0, /^stage home: /],
  ['command stage move position=12 --yes --follow', 0, /completed: \{"position":12\}/],
  [`command stage move position=${TOO_FAR} --yes`, 1, /beyond the end stop/],
  [`command stage move position=${TOO_FAR} --yes --follow`, 1, /move: failed: .*beyond the end stop/],
  [
    'command stage nosuch',
    1,
    /has no command "nosuch" \(available: move, home, calibrate\)\n.*meshgate device ID/,
  ],
  ['command nosuch move', 1, /no node with this address or name\n.*meshgate devices/],
  ['abort nosuch', 1, /no delivery with this id/],
  ['device stage --image x --type nosuch', 1, /stage has no image "nosuch" yet \(available: Camera\)/],
  ['command stage move position=12', 2, /move is hazardous.*\n.*--yes/],
  ['command stage move --yes', 2, /position is missing\n {2}arguments: position=NUMBER \[mode=fast\|slow\]/],
  ['command stage move position=101 --yes', 2, /position must be a number from 0 to 100 mm/],
  ['command stage move position= --yes', 2, /position must be a number/],
  ['command stage move position=1 mode=slack --yes', 2, /mode must be one of fast, slow/],
  ['command stage move position=1 steps=1.5 --yes', 2, /steps must be an integer from 1 to 10/],
  ['command stage move position=1 brake=maybe --yes', 2, /brake must be true or false/],
  ['command stage move position=1 position=2 --yes', 2, /position is given twice/],
  ['command stage move 12 --yes', 2, /"12" is not key=value/],
  ['command stage move position=1 speed=3 --yes', 2, /unknown argument "speed"; available: position, mode/],
  ['command stage', 2, /missing required argument/],
  ['device stage --type Camera', 2, /--type needs --image/],
  ['command stage home --socket /nowhere', 3, /nothing is listening|no gateway/],
  ['device stage --image /nowhere/x', 1, /nowhere/],
];

for (const [line, code, says] of ENDS) {
  test.serial(`meshgate ${line} exits with ${code}`, async (t) => {
    const ended = await run(line);
    t.is(ended.code, code, ended.stdout + ended.stderr);
    t.regex(ended.stderr || ended.stdout, says);
  });
}

test.serial('--follow --json prints one object for each stage', async (t) => {
  const { stdout } = await run('command stage move position=7 brake=on --yes --follow --json');
  const stages = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    stages.map(({ stage }) => stage),
    ['queued', 'accepted', 'progress', 'completed'],
  );
  t.like(stages[0], { device: 'stage', command: { name: 'move', arguments: { position: 7, brake: true } } });
  t.deepEqual(stages[3].result, { position: 7 });
});

test.serial('Ctrl-C aborts a command that can be aborted, and shows its end', async (t) => {
  const following = start(`command stage move position=${FOR_EVER} --yes --follow`);
  await following.printed(/45 %, on the way/);
  const { code, stdout, stderr } = await following.stop('SIGINT');
  t.is(code, 1);
  t.regex(stderr, /aborting the command; press Ctrl-C again/);
  t.regex(stdout, /move: aborted \(/);
});

test.serial(
  'Ctrl-C only ends the following of a command that cannot be aborted, as SIGTERM does',
  async (t) => {
    for (const [line, signal] of [
      ['command stage calibrate --follow', 'SIGINT'],
      [`command stage move position=${FOR_EVER} --yes --follow`, 'SIGTERM'],
    ] as const) {
      const following = start(line);
      await following.printed(/45 %, on the way/);
      const { code, stderr } = await following.stop(signal);
      t.is(code, 1);
      const [, id] = /the command goes on\n.*--delivery (\S+)/.exec(stderr) ?? [];
      t.is(gateway.hub.commands.findDelivery(id ?? '')?.stage, 'progress');
      t.regex(
        (await run(`explain --delivery ${id}`)).stdout,
        /the command \S+ for stage.*\n[\s\S]*45 %, on the way/,
      );
    }
  },
);

test.serial('abort ends a command from anywhere, and only once', async (t) => {
  const { id } = JSON.parse((await run(`command stage move position=${FOR_EVER} --yes --json`)).stdout);
  const { code, stdout } = await run(`abort ${id}`);
  t.deepEqual([code, stdout.split('\n')[0]], [0, `stage move position=${FOR_EVER} mode=slow: aborted`]);
  const again = await run(`abort ${id}`);
  t.is(again.code, 1);
  t.regex(again.stderr, /the command has ended, or the device cannot abort it/);
});

test.serial('watch shows the stages of a command, and values by the names of an enumeration', async (t) => {
  const watching = start('watch --node stage --snapshot');
  await watching.printed(/; 1 devices; /);
  await run('command stage move position=5 --yes');
  source.report(FIRST_STAGE, STATE, Buffer.from([0]));
  const shown = await watching.printed(/StageState IDLE/);
  t.truthy(shown);
  const { stdout } = await watching.stop();
  t.regex(stdout, /stage +command +move position=5 mode=slow: given to the device \(/);
  t.regex(stdout, /stage +command +move: completed: \{"position":5\} \(/);
});

test.serial('get, export, status and doctor know the device', async (t) => {
  t.regex((await run('get StageState')).stdout, /^NODE +STATE +.*\nstage +(IDLE|MOVING) +/);
  const csv = (await run('export --type StageState')).stdout.split('\r\n');
  t.regex(csv[0] ?? '', /,state,state_name$/);
  t.regex(csv[1] ?? '', /^stage,stage,StageState,.*,1,MOVING$/);
  t.regex((await run('status')).stdout, /^devices +1, all active; to list them: meshgate devices$/m);
  t.regex((await run('doctor')).stdout, /^ok +devices +1, all active$/m);
});

const hasBash = spawnSync('bash', ['--version']).status === 0;

(hasBash ? test.serial : test.serial.skip)(
  'completion in bash knows ids, commands and arguments',
  async (t) => {
    const { stdout: script } = await run('completion bash');
    const main = new URL('../../src/main.js', import.meta.url).pathname;
    const complete = async (...words: string[]) => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const text = `meshgate() { '${process.execPath}' '${main}' "$@"; }\n${script}\nCOMP_WORDS=(meshgate ${quoted}); COMP_CWORD=${words.length}; _meshgate; echo "\${COMPREPLY[@]}"`;
      const shell = new Program('bash', ['-c', text], { env: env() });
      t.is(await shell.ended, 0, shell.output);
      return shell.output.trim();
    };
    t.is(await complete('device', 'st'), 'stage');
    t.is(await complete('watch', '--node', ''), 'stage');
    t.is(await complete('get', 'StageState', 's'), 'stage');
    t.is(await complete('command', 'stage', 'm'), 'move');
    t.is(await complete('command', 'stage', 'move', 'pos'), 'position=');
    t.is(await complete('command', 'stage', 'move', 'mode', '='), 'fast slow');
    t.is(await complete('command', 'stage', 'move', 'mode', '=', 'f'), 'fast');
    t.is(await complete('command', 'stage', 'move', 'mode', '=', 'fast', 'm'), '');
  },
);

test.serial('without a link there is exit code 5, and a problem in doctor', async (t) => {
  source.setLink({ state: 'backingOff', since: Date.now() });
  const { code, stderr } = await run('command stage home');
  t.is(code, 5, stderr);
  t.is((await run('command stage home --follow')).code, 5);
  t.regex(
    (await run('doctor')).stdout,
    /^PROBLEM +devices +1 of 1 without a link: the link of motion is down/m,
  );
  t.regex((await run('device stage')).stdout, /^LINK_LOST:motion +high .*no link to motion$/m);
  source.setLink({ state: 'up', since: Date.now() });
});
