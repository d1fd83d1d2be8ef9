/** Node status, memory limits and names, and the recovery of a silent root. */
import * as z from 'zod';
import { isUnicast } from '../../protocol/address.js';
import { nameKey } from '../../protocol/names.js';
import { findNameFault, NodeNames } from '../../protocol/node-names.js';
import { day, flag, minute, SECTION_ERROR, section, text, whole } from '../fields.js';

export const meshSection = section({
  idle_after_s: whole(1, day).default(minute),
  disconnected_after_s: whole(1, 7 * day).default(3 * minute),
  /** Interval of requests for the node list; 0 = only when a client asks. */
  refresh_s: whole(0, day).default(30),
  max_message: whole(1, 1000).default(256),
  values: whole(1, 10_000).default(10),
  max_nodes: whole(1, 32_767).default(32_767),
  /** An alarm is raised after this time without a frame from the root while the link is open. */
  root_silent_after_s: whole(5, day).default(90),
  /** Number of events that a client can resume from. */
  events: whole(100, 1_000_000).default(10_000),
}).refine(({ idle_after_s, disconnected_after_s }) => idle_after_s <= disconnected_after_s, {
  path: ['disconnected_after_s'],
  error: 'must not be less than mesh.idle_after_s',
});

export const recoverySection = section({
  /** False: a silent root only raises an alarm. */
  enabled: flag.default(true),
  /** Silence after which the root is asked for its nodes; at mesh.root_silent_after_s it is restarted. */
  probe_after_s: whole(5, day).default(minute),
  /** Time to wait for the root after each step. */
  step_s: whole(1, 3600).default(20),
  /** Pause after the first round; doubles with each further one. */
  first_pause_s: whole(1, day).default(minute),
  longest_pause_s: whole(1, day).default(60 * minute),
});

const NAME = 'must be a name of 1 to 64 characters';
const name = text(NAME).min(1, { error: NAME }).max(64, { error: NAME });

/** Names by address. Nodes and names must be unique. */
export const names = z.record(z.string(), name, SECTION_ERROR).transform((entries, context) => {
  const keys = new Map<number, string>();
  const addresses = new Map<string, string>();
  const byAddress = new Map<number, string>();
  const entry = (key = '') => `${key} = ${JSON.stringify(entries[key])}`;
  for (const [key, name] of Object.entries(entries)) {
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const address = Number(key);
    const fault = findNameFault(address, name);
    if (!Number.isInteger(address) || !isUnicast(address)) refuse('must be a node address such as 0x0005');
    else if (fault !== undefined) refuse(fault);
    else if (keys.has(address)) refuse(`this node already has a name: ${entry(keys.get(address))}`);
    else if (addresses.has(nameKey(name))) {
      refuse(`another node already has this name: ${entry(addresses.get(nameKey(name)))}`);
    }
    keys.set(address, key);
    addresses.set(nameKey(name), key);
    byAddress.set(address, name);
  }
  return byAddress;
});

interface MeshConfig {
  readonly mesh: z.output<typeof meshSection>;
  readonly recovery: z.output<typeof recoverySection>;
  readonly names: ReadonlyMap<number, string>;
  readonly baud: number;
}

export function networkSettings({ mesh, names, baud, recovery }: MeshConfig) {
  return {
    batchQuietMs: batchQuietMs(baud),
    idleAfterMs: mesh.idle_after_s * 1000,
    disconnectedAfterMs: mesh.disconnected_after_s * 1000,
    refreshEveryMs: mesh.refresh_s * 1000,
    maxMessageLength: mesh.max_message,
    valuesKept: mesh.values,
    maxNodes: mesh.max_nodes,
    rootSilentAfterMs: mesh.root_silent_after_s * 1000,
    eventsHeld: mesh.events,
    names: new NodeNames(names),
    recovery: {
      isEnabled: recovery.enabled,
      probeAfterMs: recovery.probe_after_s * 1000,
      stepMs: recovery.step_s * 1000,
      firstPauseMs: recovery.first_pause_s * 1000,
      longestPauseMs: recovery.longest_pause_s * 1000,
    },
  };
}

/** Bits of a full Net Info batch in which every byte is escaped: 10 per byte, with start and stop. */
const LONGEST_BATCH_BITS = 724 * 2 * 10;
/** At usual baud rates the root's own pauses between batches take longer than the transfer. */
const MIN_BATCH_QUIET_MS = 300;

function batchQuietMs(baud: number): number {
  return Math.max(MIN_BATCH_QUIET_MS, (LONGEST_BATCH_BITS * 1000) / baud);
}
