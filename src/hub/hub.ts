/**
 * The hub's read side and its commands: the one interface that every face and every connector of the gateway uses.
 * Times are ms since the epoch, host clock; addresses of nodes are 0x0001–0x7FFF, those of devices 0x10000 and up.
 */

import type { LinkStatus } from '../link/link-keeper.js';
import type { NodeStatus } from '../node/mesh-node.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType } from '../protocol/data-types.js';
import type { Message, Path, Tables } from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import type { Alarm, AlarmDefinitions } from './alarms.js';
import type { Archive } from './archive.js';
import type { CommandDefinition } from './command-definition.js';
import type { AbortOutcome, Delivery, Expectation, Requester } from './deliveries.js';
import type { NewCommand } from './device-commands.js';
import type { RootFailure } from './failures.js';
import type { Health } from './health.js';

export { COMMAND_FAILURES, type CommandFailure, type RootFailure } from './failures.js';

/** The current state of a node. */
export interface NodeView {
  readonly address: number;
  readonly name: string;
  /** 16 bytes. */
  readonly uuid?: Buffer;
  readonly status: NodeStatus;
  /** Known from an earlier run, and not heard since. */
  readonly restored: boolean;
  readonly lastHeardAt?: number;
  /** The newest value of each data type, by rising id. Built on read. */
  readonly latest: readonly { readonly type: DataType; readonly value: TimedValue }[];
}

/** A device of a source other than the mesh: an instrument on the bench. */
export interface DeviceView extends NodeView {
  /** As typed by people and used by programs: `hev`, `hv:1`. */
  readonly id: string;
  /** Name of its source. */
  readonly source: string;
  /** Of its source. */
  readonly link: LinkStatus;
  /** What it is, for people. */
  readonly description?: string;
  readonly commands: readonly CommandDefinition[];
  /** The newest value of each of its types that keep only that one, such as images; by type id. */
  readonly media: readonly MediaValue[];
}

/** The newest value of a type that is `latestOnly`. */
export interface MediaValue {
  readonly type: DataType;
  /** ms since the epoch, host clock. */
  readonly receivedAt: number;
  readonly bytes: Buffer;
}

export interface RootView {
  /** When the last frame came from the root, whichever node it was about. */
  readonly lastHeardAt?: number;
  /** ms since then, by the monotonic clock; Infinity before the first. */
  readonly silentMs: number;
  /** Root Reset messages since the gateway started. */
  readonly resets: number;
}

/** A robot in the list that clients publish with `W-RBT`. */
export interface Robot {
  readonly id: number | string;
  readonly name: string;
  readonly state: string;
  readonly node: string;
}

/** The steps to wake a silent root, in this order. */
export const RECOVERY_STEPS = {
  probe: 'requested its list of nodes',
  restart: 'sent it a restart command (RST-R)',
  resetLines: 'reset its board by the modem lines DTR and RTS',
  reopen: 'closed and reopened the port',
} as const;

export type RecoveryStep = keyof typeof RECOVERY_STEPS;

/** `notPossible`: the adapter has no modem lines, or there was no link. */
export const RECOVERY_OUTCOMES = ['done', 'notPossible'] as const;

export type RecoveryOutcome = (typeof RECOVERY_OUTCOMES)[number];

export type Command =
  | RootCommand
  /** Ask the root for its list of nodes, or of paths. `fresh`: it answered in time. */
  | { readonly kind: 'refreshNodes' }
  | { readonly kind: 'refreshPaths' }
  /** A log line for everyone who is watching. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'setRobots'; readonly robots: readonly Robot[] };

/** `fresh`: the root answered; always true for commands without an answer. */
export type Outcome =
  | { readonly ok: true; readonly fresh: boolean }
  | { readonly ok: false; readonly reason: RootFailure };

/** A message to one node (0x0000: the root itself), or to all. */
export type Sending = Extract<RootCommand, { kind: 'send' | 'broadcast' }>;

/** A value of a node or device, with its type. */
export interface NodeValue {
  readonly node: number;
  /** The id, for a device. */
  readonly device?: string | undefined;
  readonly type: DataType;
  readonly value: TimedValue;
}

export interface ValueRange {
  readonly node: number;
  readonly typeId: number;
  /** Both ends inclusive. */
  readonly from: number;
  readonly to: number;
}

/** A node as stored by an earlier run. */
export interface RestoredNode {
  readonly address: number;
  /** The id, for a device. */
  readonly id?: string;
  readonly uuid?: Buffer;
  readonly lastHeardAt?: number;
  /** The last value of each data type. */
  readonly values: readonly { readonly typeId: number; readonly value: TimedValue }[];
}

/** The state stored by earlier runs. */
export interface Restored {
  /** The next number to use. */
  readonly nextSeq: number;
  /** False: the last run was killed, and may have used numbers from `nextSeq` on. */
  readonly endedInOrder: boolean;
  /** The last events, by rising number; some may be missing. */
  readonly events: readonly HubEvent[];
  /** Least recently heard first. */
  readonly nodes: readonly RestoredNode[];
  readonly alarms: readonly Alarm[];
  readonly paths: readonly Path[];
  readonly robots: readonly Robot[];
  /** The board that was connected last, if known. */
  readonly boardIdentity?: string;
}

/** A change. `seq` counts up by one; `at`: when it was noticed. */
export type HubEvent = { readonly seq: number; readonly at: number } & HubEventContent;

export type HubEventContent =
  /** A message was received; `toListeners`: clients of the classic dialect get its body. */
  | { readonly kind: 'message'; readonly message: Message; readonly toListeners: boolean }
  | ({ readonly kind: 'value' } & NodeValue)
  | ({ readonly kind: 'node'; readonly node: number; readonly device?: string } & NodeChange)
  /** The root is silent, and something was done about it. */
  | {
      readonly kind: 'recovery';
      readonly step: RecoveryStep;
      /** Counts from 1; a new round starts after a pause. */
      readonly round: number;
      readonly outcome: RecoveryOutcome;
    }
  | { readonly kind: 'paths'; readonly paths: readonly Path[] }
  | { readonly kind: 'link'; readonly status: LinkStatus }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  /** A line that the root printed outside its frames. */
  | { readonly kind: 'console'; readonly line: string }
  /** Bodies sent to the root, and log lines of clients; `client`: the sender. */
  | { readonly kind: 'traffic'; readonly client: string; readonly what: 'sent'; readonly body: Buffer }
  | { readonly kind: 'traffic'; readonly client: string; readonly what: 'log'; readonly text: string }
  | { readonly kind: 'robots'; readonly robots: readonly Robot[] };

/** Changes of a node. */
export const NODE_CHANGES = ['added', 'identified', 'renamed', 'forgotten', 'status'] as const;

/** While the link is down every node is unknown; that publishes no event per node. */
export type NodeChange =
  | { readonly change: Exclude<(typeof NODE_CHANGES)[number], 'status'> }
  | { readonly change: 'status'; readonly status: NodeStatus };

export type HubEventKind = HubEvent['kind'];

/**
 * Numbers of events that are no longer held, both ends inclusive. `to` is null if numbering has restarted below `from`:
 * a gateway without history whose host clock was set back.
 */
export interface SeqRange {
  readonly from: number;
  readonly to: number | null;
}

export interface Replay {
  readonly events: readonly HubEvent[];
  readonly gone: SeqRange | undefined;
}

/** The current state: the mesh, its root and link, and the devices of other sources. */
export interface Picture {
  /** The link to the root. */
  link(): LinkStatus;
  root(): RootView;
  /** Every node of the mesh, by rising address. */
  nodes(): NodeView[];
  /** The first `limit` nodes of the mesh from this address on, by rising address: for reading in small steps. */
  nodesFrom(address: number, limit: number): NodeView[];
  /** Every device of the other sources, by rising address. */
  devices(): DeviceView[];
  findDevice(address: number): DeviceView | undefined;
  /** A node of the mesh, or a device. */
  findNode(address: number): NodeView | undefined;
  /** The newest value of a node and type. */
  latest(address: number, typeId: number): TimedValue | undefined;
  /** Values of a node and type held in memory, oldest first. */
  values(range: ValueRange): TimedValue[];
  /** The address for a node's name or a device's id, whether or not it has been seen; case is ignored. */
  addressOf(name: string): number | undefined;
  /** The name of a node, or the id of a device, whether or not it has been seen. */
  nameOf(address: number): string;
  activeNodeCount(): number;
  paths(): readonly Path[];
  /** The paths are from an earlier run. */
  arePathsRestored(): boolean;
  robots(): readonly Robot[];
  /** Why a node has its status, in order; undefined if there is no such node. */
  explainNode(address: number): string[] | undefined;
}

/** The numbered events. A reader that may be slow uses `FeedReader`. */
export interface Feed {
  /** The number of the last event. */
  lastSeq(): number;
  /** The events after `seq` that are still held, at most `limit`, and the gap before them. */
  replay(seq: number, limit?: number): Replay;
  /** Calls `listener` for every new event, in order; returns a function that unsubscribes. */
  subscribe(listener: (event: HubEvent) => void): () => void;
}

export interface AlarmBoard {
  /** Open alarms: active, or not acknowledged; oldest first. */
  open(): Alarm[];
  /** Every code that can be raised. */
  readonly definitions: AlarmDefinitions;
  /** Raises an alarm of a connector. `code`: from its manifest; `text`: the details. */
  raise(code: string, text: string): void;
  /** Returns false if there is no such alarm. */
  acknowledge(id: string): boolean;
}

export interface Commands {
  /** Never rejects. */
  execute(command: Command, owner: string): Promise<Outcome>;
  /** Sends a message and returns its delivery at once. `expects`: which message counts as the answer. */
  deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery;
  /** Gives a device a command, with checked arguments; its stages arrive like those of a message. */
  command(command: Omit<NewCommand, 'target'> & { readonly address: number }): Delivery;
  /** Asks for the end of a command that is under way; `aborting`: the stage `aborted` follows. */
  abort(delivery: string): AbortOutcome;
  /** A message or a command to a device; the last 1,000 of each are kept. */
  findDelivery(id: string): Delivery | undefined;
  /** Commands to one device, newest first: those under way, and of the last 1,000 that ended those of this device. */
  commandsOf(address: number): Delivery[];
  /**
   * Removes a node from the picture, with its values and alarms; it comes back when it is heard or listed. Its history is
   * kept. Returns false if neither the node nor an alarm about it exists.
   */
  forget(address: number): boolean;
  /** Releases the port to another program for `ms`; it is reopened then, or by `takePort`. */
  releasePort(ms: number): Promise<void>;
  takePort(): void;
}

/** One value of a device, as its source reported it. */
export interface DeviceReport {
  readonly address: number;
  readonly device: string;
  readonly type: DataType;
  readonly value: TimedValue;
}

/** The centre of the gateway: sources report to it, faces and connectors read it and send commands through it. */
export interface Hub {
  readonly tables: Tables;
  readonly picture: Picture;
  readonly feed: Feed;
  /** Values over time. */
  readonly archive: Archive;
  readonly alarms: AlarmBoard;
  readonly commands: Commands;
  /**
   * Calls `listener` for every value of a source's devices, before the feed's rate limit. Returns a function that
   * unsubscribes. The source may open later.
   */
  watchReports(source: string, listener: (report: DeviceReport) => void): () => void;
  health(): Health;
  counters(): unknown;
}

/** Active or idle: "active" to clients of the classic dialect. */
export function isAlive(status: NodeStatus): boolean {
  return status === 'active' || status === 'idle';
}
