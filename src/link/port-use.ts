/** Which serial port is used for which device: no two may use the same. */
import { realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MeshgateError } from '../base/errors.js';
import { hasUsbId, type PortSpec, parsePortSpec, type SerialPortInfo } from './port-choice.js';

/** `port`: as configured, or the path that is open. */
export interface PortUse {
  /** For people: `the root`, `psu`. */
  readonly user: string;
  readonly port: string;
}

/** Marks the ports that others use. Links such as those in /dev/serial/by-id are followed. */
export async function withReservations(
  ports: readonly SerialPortInfo[],
  uses: readonly PortUse[],
): Promise<SerialPortInfo[]> {
  const users = await Promise.all(uses.map(async (use) => ({ ...use, spec: await resolved(use.port) })));
  return Promise.all(
    ports.map(async (port) => {
      const path = await realPathOf(port.path);
      const user = users.find(({ spec }) => spec !== undefined && fits(spec, port, path));
      return user ? { ...port, reservedFor: user.user } : port;
    }),
  );
}

/** Throws `BAD_CONFIG` if two of them are the same port. Links are followed; `auto` for two is refused too. */
export function refuseSharedPorts(uses: readonly PortUse[]): void {
  const users = new Map<string, string>();
  for (const { user, port } of uses) {
    const key = keyOf(port);
    const other = users.get(key);
    if (other !== undefined) {
      throw new MeshgateError(
        'BAD_CONFIG',
        `the serial port ${port} is configured for both ${other} and ${user}`,
        'give each device a port of its own',
      );
    }
    users.set(key, user);
  }
}

function keyOf(port: string): string {
  const spec = parsePortSpec(port);
  if (spec?.kind !== 'path') return port.toLowerCase();
  const path = resolve(spec.path);
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function resolved(port: string): Promise<PortSpec | undefined> {
  const spec = parsePortSpec(port);
  return spec?.kind === 'path' ? { ...spec, path: await realPathOf(resolve(spec.path)) } : spec;
}

/** The path itself while nothing is there. */
function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** `auto` reserves nothing: it takes what others leave. */
function fits(spec: PortSpec, port: SerialPortInfo, path: string): boolean {
  if (spec.kind === 'usb') return hasUsbId(port, spec);
  return spec.kind === 'path' && spec.path === path;
}
