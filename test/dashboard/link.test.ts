import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { browserTest, openPage } from '../support/browser.js';
import { serveDashboard, untilActive } from '../support/dashboard-fixture.js';
import { temporaryFolder } from '../support/gateway-fixture.js';
import { killProcesses, MeshgateProcess } from '../support/process-fixture.js';
import { hasSocat } from '../support/pty.js';

test.after.always(killProcesses);

async function simulate(path: string): Promise<MeshgateProcess> {
  const mesh = new MeshgateProcess(['simulate', '--pty', path, '--nodes', '5', '--seed', '7']);
  await mesh.printed(/^virtual mesh of .* on /m);
  return mesh;
}

browserTest(
  'when a board is unplugged and plugged in again, the page says so and shows the age of the data',
  unplug,
  {
    isPossible: hasSocat,
  },
);

async function unplug(t: ExecutionContext): Promise<void> {
  const folder = temporaryFolder();
  t.teardown(folder.remove);
  const port = join(folder.path, 'tty');
  const mesh = await simulate(port);
  const { url } = await serveDashboard(t, ['--port', port]);
  const page = await openPage(t, url);
  await untilActive(page);
  await mesh.stop('SIGKILL');
  rmSync(port, { force: true });
  const alert = page.getByRole('alert');
  await alert.getByText('The link to the root is down.').waitFor();
  await alert.getByText(/Last updated .* ago\./).waitFor();
  const row = page.getByRole('row', { name: 'Node-5' });
  await row.getByText('unknown', { exact: true }).waitFor();
  const again = await simulate(port);
  await alert.waitFor({ state: 'detached' });
  await untilActive(page);
  again.child.kill('SIGKILL');
  await once(again.child, 'close');
  t.pass();
}
