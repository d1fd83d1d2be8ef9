import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectClient, type MeshgateClient } from '../../src/client/index.js';
import { freePort } from './free-port.js';
import { type RunningGateway, startProcess } from './process-fixture.js';

export interface HevGateway {
  readonly process: RunningGateway;
  readonly web: number;
  readonly request: number;
  readonly native: number;
  readonly directory: string;
  readonly client: MeshgateClient;
  /** Resolves when so many clients get packets: one that has only just connected may miss the first. */
  listeners(count: number): Promise<void>;
  close(): Promise<void>;
}

interface HevCounters {
  readonly clients: {
    readonly hev: { readonly hev: Record<'web' | 'native', { readonly listening: number }> };
  };
}

/** A gateway with a virtual mesh and one section `[hev]`. */
export async function startHev(
  settings: Readonly<Record<string, string | number | boolean>>,
): Promise<HevGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'meshgate-hev-'));
  const [web, request, native] = [await freePort(), await freePort(), await freePort()];
  const all = { web_port: web, request_port: request, native_port: native, ...settings };
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const config = join(directory, 'meshgate.toml');
  writeFileSync(
    config,
    `simulate = true\n[http]\nlisten = "off"\n[simulation]\nnodes = 3\n[hev]\n${lines.join('\n')}\n`,
  );
  const started = await startProcess(['--config', config, '--socket', join(directory, 's')]);
  // What is sent before the port is open is not acknowledged, and numbers would not match for a while.
  if (settings.device !== undefined) await started.logged(/hev: hev: .* is open/);
  const client = await connectClient({ socket: started.socketPath });
  return {
    process: started,
    web,
    request,
    native,
    directory,
    client,
    async listeners(count) {
      for (;;) {
        const { clients } = (await client.call('counters', {})) as unknown as HevCounters;
        if (clients.hev.hev.web.listening + clients.hev.hev.native.listening >= count) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      client.close();
      await started.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
