import type { FaultCount } from '../src/simulator/faults/fault-counters.js';
import type { Times } from './account/recoveries.js';
import type { Soak } from './soak.js';

/** A row of the table of faults. */
export interface FaultRow {
  readonly fault: string;
  readonly injected: string;
  /** Frames of the root that were damaged, and that were lost. */
  readonly damaged: number | null;
  readonly lost: number | null;
  readonly times: Times | undefined;
}

/** The table of faults. */
export function faultRows(soak: Soak): FaultRow[] {
  const { account } = soak;
  const counters = soak.mesh.faultCounters();
  const { damagedBy, lostBy, recoveries, frames } = account;
  const caused = (cause: string) => ({ damaged: damagedBy.get(cause), lost: lostBy.get(cause) });
  const nothing = { damaged: null, lost: null };
  const lasting = (count: FaultCount) => ({
    injected: `${counters[count]}${lastedText(soak.lasted.get(count))}`,
    times: recoveries.of(count),
  });
  const bytes = counters.bitsFlipped + counters.bytesLost + counters.bytesDoubled;
  const bytesToRoot = counters.bitsFlippedToRoot + counters.bytesLostToRoot + counters.bytesDoubledToRoot;
  const unplugged = frames.get('unread: unplugged') + frames.get('missing: portClosed');
  return [
    {
      fault: 'byte changed, lost or doubled',
      injected: `${bytes}`,
      ...caused('bytes'),
      times: recoveries.of('bytes'),
    },
    { fault: 'the same in the other direction', injected: `${bytesToRoot}`, ...nothing, times: undefined },
    {
      fault: 'log line inside a frame',
      injected: `${counters.logLines}`,
      ...caused('log_text'),
      times: recoveries.of('log_text'),
    },
    { fault: 'wrong baud rate', ...lasting('wrongBauds'), ...caused('wrong_baud') },
    { fault: 'half message', injected: `${counters.halfMessages}`, ...nothing, times: undefined },
    { fault: 'root resets', ...lasting('resets'), ...caused('resets') },
    { fault: 'silence, ended by time', ...lasting('endedByTime'), ...nothing },
    { fault: 'silence, ended by a restart of the root', ...lasting('endedByRestart'), ...nothing },
    { fault: 'port stuck, ended by reopening', ...lasting('endedByReopen'), ...caused('silence') },
    { fault: 'storm, line full', ...lasting('storms'), ...caused('line') },
    { fault: 'device unplugged', ...lasting('hangUps'), damaged: null, lost: unplugged },
    restartRow('gateway killed (SIGKILL)', 'SIGKILL', soak),
    restartRow('gateway stopped (SIGTERM)', 'SIGTERM', soak),
  ];
}

function restartRow(fault: string, signal: 'SIGKILL' | 'SIGTERM', { account, restarts }: Soak): FaultRow {
  return {
    fault,
    injected: `${restarts[signal]}`,
    damaged: null,
    lost: account.lostBy.get(signal),
    times: account.recoveries.of(signal),
  };
}

function lastedText(lasted: readonly number[] | undefined): string {
  if (!lasted || lasted.every((ms) => ms === 0)) return '';
  const seconds = lasted.map((ms) => ms / 1000);
  const [min, max] = [Math.min(...seconds).toFixed(0), Math.max(...seconds).toFixed(0)];
  return min === max ? ` (${min} s)` : ` (${min}–${max} s)`;
}
