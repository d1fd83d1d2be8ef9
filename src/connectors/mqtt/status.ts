/** The status topic: whether the gateway is online, and which process it is. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** One run of one gateway. */
export interface Instance {
  /** Random: new with each run. */
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** ms since the epoch, host clock. */
  readonly startedAt: number;
}

export function thisInstance(version: string, startedAt: number): Instance {
  return { instance: randomBytes(8).toString('hex'), host: hostname(), pid: process.pid, version, startedAt };
}

/** `lost`: the will, published by the broker when the connection breaks; its time is not known in advance. */
export type StatusReason = 'connected' | 'stopped' | 'lost';

export function statusPayload(
  reason: StatusReason,
  at: number | null,
  connectedAt: number,
  instance: Instance,
): string {
  return JSON.stringify({
    state: reason === 'connected' ? 'online' : 'offline',
    reason,
    at,
    connectedAt,
    ...instance,
  });
}

/** The instance in a status payload; undefined if it is not a status. */
export function readInstance(payload: Buffer): Instance | undefined {
  try {
    const { instance, host, pid, version, startedAt } = JSON.parse(payload.toString('utf8')) ?? {};
    const isStatus = typeof instance === 'string' && typeof host === 'string' && typeof pid === 'number';
    return isStatus
      ? { instance, host, pid, version: String(version), startedAt: Number(startedAt) }
      : undefined;
  } catch {
    return undefined;
  }
}
