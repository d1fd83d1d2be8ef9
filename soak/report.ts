import { availableParallelism } from 'node:os';
import { packageVersion } from '../src/base/package-root.js';
import type { Heard } from './clients/listener.js';
import { faultRows } from './fault-rows.js';
import { inWords, milliseconds, table, whole } from './markdown.js';
import type { Soak } from './soak.js';

/** The report as an object, for the JSON file. */
export function summary(soak: Soak) {
  const { account, crowd, vitals, options, witness, restarts, ledger } = soak;
  const { minutes, nodes, rateHz, seed, faults, restartEvery } = options;
  return {
    version: packageVersion,
    node: process.version,
    cores: availableParallelism(),
    settings: { minutes, nodes, rateHz, seed, faults, restartEvery },
    unexplained: account.unexplained,
    frames: { meant: ledger.counters.get('meant'), ...account.frames.snapshot() },
    longestLoss: Object.fromEntries(account.longestLoss),
    extras: account.extras.snapshot(),
    gateway: {
      received: soak.counts.sums('uart.received'),
      dropped: soak.counts.sums('uart.dropped'),
      malformed: soak.counts.sums('malformed'),
      sent: soak.counts.sums('uart.sent'),
      linkLosses: soak.counts.sums('uart.linkLosses'),
      connectionsEnded: soak.counts.sums('clients.sockets.ended'),
    },
    faults: faultRows(soak),
    counters: soak.mesh.faultCounters(),
    recoverySteps: account.recoverySteps.snapshot(),
    restarts,
    witness: {
      gaps: witness.numbering.gaps,
      turnedAway: witness.turnedAway,
    },
    crowd: {
      visits: visitsByMember(soak),
      subscribers: crowd.subscribers,
      resumers: crowd.resumers,
      endedByGateway: crowd.endedByGateway,
    },
    sends: crowd.sends.snapshot(),
    deliveries: account.deliveries.ended.snapshot(),
    listeners: account.listeners.snapshot(),
    minutes: vitals.minutes,
    slope: vitals.slope() ?? null,
    ownDelayMs: soak.ownDelay.max / 1e6,
  };
}

export type Summary = ReturnType<typeof summary>;

/** The report as text: Markdown, which is readable in a terminal too. */
export function reportText(soak: Soak): string {
  const { account } = soak;
  const verdict =
    account.unexplained.length === 0
      ? 'unexplained: 0'
      : `unexplained: ${account.unexplained.length}\n${account.unexplained.map((each) => `  ${each}`).join('\n')}`;
  return [
    heading(soak),
    framesText(soak),
    faultsText(soak),
    clientsText(soak),
    vitalsText(soak),
    verdict,
    '',
  ].join('\n\n');
}

function heading({ options, restarts }: Soak): string {
  const { minutes, nodes, rateHz, seed, faults, restartEvery } = options;
  return [
    `meshgate ${packageVersion}, Node ${process.version}, ${availableParallelism()} cores`,
    `${minutes} min, ${nodes} nodes at ${rateHz} Hz, seed ${seed}, faults: ${faults}`,
    `restarts every ${restartEvery} min: ${restarts.SIGKILL} by SIGKILL, ${restarts.SIGTERM} by SIGTERM`,
  ].join('\n');
}

const FRAME_TEXTS: Readonly<Record<string, string>> = {
  delivered: 'delivered as a message',
  'missing: gapNotice': 'inside a gap notice',
  'missing: gatewayDown': 'in the port or in the gateway when its process ended',
  'missing: portClosed': 'in the port when it was unplugged',
  'missing: heldUp': 'dropped: the soak itself was delayed in the middle of them',
  'missing: start': 'before the client first connected',
  'unread: gatewayDown': 'dropped: the gateway was down',
  'unread: closed': 'dropped: the gateway had not opened the port yet',
  'unread: unplugged': 'dropped: the device was unplugged',
  'unread: open': 'dropped: on the line when the port was opened',
  'unread: over': 'on the line when the soak ended',
  'lost on the line': 'dropped: lost entirely by a fault',
  'damaged on the line': 'dropped: a fault damaged them',
};

function framesText({ account, ledger, counts }: Soak): string {
  const rows = Object.entries(account.frames.snapshot())
    .filter(([name]) => name !== 'unexplained')
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [FRAME_TEXTS[name] ?? name, whole(count)]);
  const meant = whole(ledger.counters.get('meant'));
  const shown = table(
    ['frames that the root sent', meant],
    [...rows, ['unexplained', String(account.frames.get('unexplained'))]],
  );
  return `${shown}\n\n${damageText(counts.sums('uart.dropped'), counts.sums('malformed'), account.extras.snapshot())}`;
}

function damageText(...[dropped, malformed, extras]: Record<string, number>[]): string {
  return [
    `messages that were never sent: ${inWords(extras)}`,
    `frames dropped by the gateway: ${inWords(dropped)}`,
    `malformed messages: ${inWords(malformed)}`,
  ].join('\n');
}

function faultsText(soak: Soak): string {
  const rows = faultRows(soak).map(({ fault, injected, damaged, lost, times }) => [
    fault,
    injected,
    damaged === null ? '–' : whole(damaged),
    lost === null ? '–' : whole(lost),
    times ? milliseconds(times.medianMs) : '–',
    times ? milliseconds(times.longestMs) : '–',
  ]);
  const { account } = soak;
  return [
    table(['fault', 'injected', 'frames damaged', 'frames lost', 'recovery: median', 'longest'], rows),
    `recovery steps: ${inWords(account.recoverySteps.snapshot())}`,
    `link losses: ${inWords(account.linkLosses.snapshot())}`,
  ].join('\n\n');
}

function clientsText({ account, crowd, witness, counts, options }: Soak): string {
  const { numbering } = witness;
  const visits = crowd.visits.reduce((sum, { counts: each }) => sum + each.visits, 0);
  return [
    `the witness: 1 client for ${options.minutes} min, ${numbering.gaps} gap notices, disconnected ${witness.turnedAway} times for slow reading`,
    `the others: ${crowd.visits.length} clients, ${visits} visits`,
    `subscribers: ${inWords({ ...crowd.subscribers })}`,
    `resumed by number: ${inWords({ ...crowd.resumers })}`,
    `classic listeners: ${inWords(account.listeners.snapshot())}; ${whole(bytesHeard(crowd.heard))} bytes`,
    `sends, as seen by the clients: ${inWords(crowd.sends.snapshot())}`,
    `deliveries, by last stage: ${inWords(account.deliveries.ended.snapshot())}`,
    `connections ended: ${inWords(counts.sums('clients.sockets.ended'))}`,
  ].join('\n');
}

function bytesHeard(heard: readonly Heard[]): number {
  return heard.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function visitsByMember({ crowd }: Soak): Record<string, { visits: number; failures: number }> {
  const members: Record<string, { visits: number; failures: number }> = {};
  for (const { member, counts } of crowd.visits) {
    const before = members[member] ?? { visits: 0, failures: 0 };
    members[member] = {
      visits: before.visits + counts.visits,
      failures: before.failures + counts.failures,
    };
  }
  return members;
}

function vitalsText({ vitals, ownDelay }: Soak): string {
  const rows = vitals.minutes.map((each) => [
    String(each.minute),
    String(each.run),
    each.liveHeapMb?.toFixed(1) ?? '–',
    each.residentMb.toFixed(1),
    String(each.descriptors),
    each.cpuPercent.toFixed(1),
    each.slowestAnswerMs.toFixed(0),
  ]);
  const slope = vitals.slope();
  const trend = slope
    ? `live heap of the last process, after its first 2 min: ${slope.mbPerMinute >= 0 ? '+' : ''}${slope.mbPerMinute.toFixed(2)} MB per minute over ${slope.minutes.toFixed(1)} min`
    : 'the last process ran too briefly for a memory trend';
  return [
    table(
      [
        'minute',
        'process',
        'live heap, MB',
        'resident, MB',
        'descriptors',
        'CPU, % of a core',
        'slowest answer, ms',
      ],
      rows,
    ),
    trend,
    `maximum delay of the soak's own event loop: ${(ownDelay.max / 1e6).toFixed(0)} ms`,
  ].join('\n\n');
}
