import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { takeLock } from '../../src/base/process-lock.js';
import { temporaryFolder } from '../support/gateway-fixture.js';

const linuxTest = process.platform === 'linux' ? test : test.skip;

linuxTest(
  'a process that asks for the holder is answered and disconnected, even if it never closes its side',
  async (t) => {
    const folder = temporaryFolder();
    const lock = await takeLock(join(folder.path, 's'));
    const digest = createHash('sha256')
      .update(join(realpathSync(folder.path), 's'))
      .digest('hex');
    const socket = connect({ path: `\0meshgate/${digest}`, allowHalfOpen: true } as never);
    socket.resume();
    await new Promise((resolve) => socket.once('end', resolve));
    await t.notThrowsAsync(lock.release());
    socket.destroy();
    folder.remove();
  },
);
