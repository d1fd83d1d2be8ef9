/** `meshgate hev emulate`. */
import { systemClock } from '../../../base/clock.js';
import { errorText, MeshgateError } from '../../../base/errors.js';
import { HevEmulator } from '../../../devices/hev/emulator.js';
import { readDumpFile } from '../../../devices/hev/read-dump.js';
import { openPty, type Pty } from '../../../simulator/pty.js';
import { print } from '../../output.js';
import { untilTerminated } from '../until-terminated.js';

export async function runEmulator({
  link,
  dump: path,
}: {
  readonly link: string;
  readonly dump?: string;
}): Promise<void> {
  const dump = path === undefined ? undefined : await readDump(path);
  const ended = new AbortController();
  const terminated = untilTerminated(ended.signal);
  let pty: Pty | undefined;
  const emulator = new HevEmulator({
    clock: systemClock,
    random: Math.random,
    dump,
    write: (bytes) => void pty?.write(bytes),
  });
  pty = await openPty(link, {
    onBytes: (chunk) => emulator.push(chunk),
    onExit: (detail) => ended.abort(detail),
  });
  // Nothing else keeps the process running.
  const keptAlive = setInterval(() => {}, 60_000);
  emulator.start();
  print(greeting(link, dump?.length));
  const termination = await terminated;
  clearInterval(keptAlive);
  emulator.stop();
  await pty.close();
  if (termination === 'aborted')
    throw new MeshgateError('PTY_LOST', `lost the pseudo-terminal ${link}: ${ended.signal.reason}`);
}

async function readDump(path: string) {
  try {
    return await readDumpFile(path);
  } catch (error) {
    throw new MeshgateError('FILE_FAILED', `${path}: ${errorText(error)}`);
  }
}

function greeting(link: string, payloads: number | undefined): string {
  const what = payloads === undefined ? 'a breathing model' : `a dump of ${payloads} payloads`;
  return `ventilator emulator on ${link}: ${what}; not for use on patients
To serve it, in another terminal:
  MESHGATE_HEV_MODE=strict MESHGATE_HEV_DEVICE=${link} npx meshgate start --simulate
Press Ctrl-C to stop.
`;
}
