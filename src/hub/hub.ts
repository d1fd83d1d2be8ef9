/**
 * The hub's read side and its commands: the one interface that every face of the gateway and every connector is given.
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

/** A node as it is now. */
export interface NodeView {
  readonly address: number;
  readonly name: string;
  /** 16 bytes. */
  readonly uuid?: Buffer;
  readonly status: NodeStatus;
  /** It is known from an earlier run, and was not heard since. */
  readonly restored: boolean;
  readonly lastHeardAt?: number;
  /** The newest value of each data type that it has sent, by rising id; put together when it is read. */
  readonly latest: readonly { readonly type: DataType; readonly value: TimedValue }[];
}

/** A device of another source than the mesh: an instrument on the bench. */
export interface DeviceView extends NodeView {
  /** What people and programs call it: `hev`, `hv:1`. */
  readonly id: string;
  /** Name of the source that reports it. */
  readonly source: string;
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
  /** The last frame from the root, whoever it spoke for. */
  readonly lastHeardAt?: number;
  /** ms since then, by a clock that is never set; Infinity when there was none. */
  readonly silentMs: number;
  /** Root Reset messages since the gateway started. */
  readonly resets: number;
}

/** A robot of the list that clients publish by `W-RBT`. */
export interface Robot {
  readonly id: number | string;
  readonly name: string;
  readonly state: string;
  readonly node: string;
}

/** What is tried to wake a root that is silent, in this order. */
export const RECOVERY_STEPS = {
  probe: 'it was asked for its nodes',
  restart: 'it was told to restart (RST-R)',
  resetLines: 'its board was reset by the modem lines DTR and RTS',
  reopen: 'the port was closed and opened again',
} as const;

export type RecoveryStep = keyof typeof RECOVERY_STEPS;

/** `notPossible`: the adapter has no such lines, or there was no link to send by. */
export const RECOVERY_OUTCOMES = ['done', 'notPossible'] as const;

export type RecoveryOutcome = (typeof RECOVERY_OUTCOMES)[number];

export type Command =
  | RootCommand
  /** Ask the root for its list of nodes, or of paths; `fresh` tells whether it answered in time. */
  | { readonly kind: 'refreshNodes' }
  | { readonly kind: 'refreshPaths' }
  /** A line for whoever watches. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'setRobots'; readonly robots: readonly Robot[] };

/** `fresh`: the root answered; always true where nothing was asked of it. */
export type Outcome =
  | { readonly ok: true; readonly fresh: boolean }
  | { readonly ok: false; readonly reason: RootFailure };

/** A message to one node (0x0000: the root itself), or to all. */
export type Sending = Extract<RootCommand, { kind: 'send' | 'broadcast' }>;

/** A value in time: what a reader of the past gets. */
export interface NodeValue {
  readonly node: number;
  /** The id, where it is about a device. */
  readonly device?: string | undefined;
  readonly type: DataType;
  readonly value: TimedValue;
}

export interface ValueRange {
  readonly node: number;
  readonly typeId: number;
  /** Both ends belong to it. */
  readonly from: number;
  readonly to: number;
}

/** A node as an earlier run has left it. */
export interface RestoredNode {
  readonly address: number;
  /** Of a device: what it is called. */
  readonly id?: string;
  readonly uuid?: Buffer;
  readonly lastHeardAt?: number;
  /** The last value of each data type. */
  readonly values: readonly { readonly typeId: number; readonly value: TimedValue }[];
}

/** What earlier runs have left. */
export interface Restored {
  /** The number to go on with. */
  readonly nextSeq: number;
  /** False: the last run was killed, and may have used numbers from `nextSeq` on. */
  readonly endedInOrder: boolean;
  /** The last events, by rising number; some may be missing. */
  readonly events: readonly HubEvent[];
  /** Those heard longest ago first. */
  readonly nodes: readonly RestoredNode[];
  readonly alarms: readonly Alarm[];
  readonly paths: readonly Path[];
  readonly robots: readonly Robot[];
  /** The board that was connected last, where that could be told. */
  readonly boardIdentity?: string;
}

/** What has changed. `seq` counts up by one; `at`: when it was noticed. */
export type HubEvent = { readonly seq: number; readonly at: number } & HubEventContent;

export type HubEventContent =
  /** A message came; `toListeners`: clients of the classic dialect get its body. */
  | { readonly kind: 'message'; readonly message: Message; readonly toListeners: boolean }
  | ({ readonly kind: 'value' } & NodeValue)
  | ({ readonly kind: 'node'; readonly node: number; readonly device?: string } & NodeChange)
  /** The root is silent, and something was done about it. */
  | {
      readonly kind: 'recovery';
      readonly step: RecoveryStep;
      /** Counts from 1; a new one begins after a pause. */
      readonly round: number;
      readonly outcome: RecoveryOutcome;
    }
  | { readonly kind: 'paths'; readonly paths: readonly Path[] }
  | { readonly kind: 'link'; readonly status: LinkStatus }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  /** A line that the root printed outside its frames. */
  | { readonly kind: 'console'; readonly line: string }
  /** What goes to the root, and lines that clients want shown; `client`: whose. */
  | { readonly kind: 'traffic'; readonly client: string; readonly what: 'sent'; readonly body: Buffer }
  | { readonly kind: 'traffic'; readonly client: string; readonly what: 'log'; readonly text: string }
  | { readonly kind: 'robots'; readonly robots: readonly Robot[] };

/** What can happen to a node. */
export const NODE_CHANGES = ['added', 'identified', 'renamed', 'forgotten', 'status'] as const;

/** While the link is down every node counts as unknown; there is no event per node for it. */
export type NodeChange =
  | { readonly change: Exclude<(typeof NODE_CHANGES)[number], 'status'> }
  | { readonly change: 'status'; readonly status: NodeStatus };

export type HubEventKind = HubEvent['kind'];

/** Numbers that were given to events but are no longer held, both ends included. `to` is unknown (null) when the
 * numbering has begun anew below `from`: a gateway without history whose host clock was set back. */
export interface SeqRange {
  readonly from: number;
  readonly to: number | null;
}

export interface Replay {
  readonly events: readonly HubEvent[];
  readonly gone: SeqRange | undefined;
}

/** What is known now: the mesh, its root and link, and what other sources report. */
export interface Picture {
  /** The link to the root. */
  link(): LinkStatus;
  root(): RootView;
  /** Every node of the mesh, by rising address. */
  nodes(): NodeView[];
  /** The first `limit` nodes of the mesh from this address on, by rising address: for readers that must not hold others up with them all. */
  nodesFrom(address: number, limit: number): NodeView[];
  /** Every device of the other sources, by rising address. */
  devices(): DeviceView[];
  findDevice(address: number): DeviceView | undefined;
  /** A node of the mesh, or a device. */
  findNode(address: number): NodeView | undefined;
  /** The newest value of a node and type. */
  latest(address: number, typeId: number): TimedValue | undefined;
  /** The values that are held in memory of a node and type, oldest first. */
  values(range: ValueRange): TimedValue[];
  /** The address of a node by its name, or of a device by its id, whether it is known or not; case does not matter. */
  addressOf(name: string): number | undefined;
  /** The name of a node, or the id of a device, by its address, whether it is known or not. */
  nameOf(address: number): string;
  activeNodeCount(): number;
  paths(): readonly Path[];
  /** The paths are from an earlier run. */
  arePathsRestored(): boolean;
  robots(): readonly Robot[];
  /** The facts behind a node's status, in order; undefined when there is no such node. */
  explainNode(address: number): string[] | undefined;
}

/** The numbered events. A reader that may fall behind uses `FeedReader`. */
export interface Feed {
  /** The last number that an event was given. */
  lastSeq(): number;
  /** What is still held of the events after `seq`, at most `limit` of them, and what is gone. */
  replay(seq: number, limit?: number): Replay;
  /** Calls `listener` for every event from now on, in order; returns how to end that. */
  subscribe(listener: (event: HubEvent) => void): () => void;
}

export interface AlarmBoard {
  /** Open alarms: active, or not acknowledged; oldest first. */
  open(): Alarm[];
  /** Every code that can be raised. */
  readonly definitions: AlarmDefinitions;
  /** What a connector has noticed, and a person should know: a code of its manifest; `text`: what exactly. */
  raise(code: string, text: string): void;
  /** False when there is no such alarm. */
  acknowledge(id: string): boolean;
}

export interface Commands {
  /** Never rejects. */
  execute(command: Command, owner: string): Promise<Outcome>;
  /** Sends, and gives the delivery at once; `expects`: which message counts as the answer. */
  deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery;
  /** Gives a device a command, with checked arguments; its stages arrive like those of a message. */
  command(command: Omit<NewCommand, 'target'> & { readonly address: number }): Delivery;
  /** Asks for the end of a command that is under way; `aborting`: the stage `aborted` follows. */
  abort(delivery: string): AbortOutcome;
  /** A message or a command to a device; the last 1,000 of each are kept. */
  findDelivery(id: string): Delivery | undefined;
  /**
   * Removes a node from the picture, with its values and alarms; it comes back when it is heard or listed. What is
   * stored of it stays as past. False when neither the node nor an alarm about it is known.
   */
  forget(address: number): boolean;
  /** Frees the port for another program, for `ms`; it is opened again then, or by `takePort`. */
  releasePort(ms: number): Promise<void>;
  takePort(): void;
}

/** The middle of the gateway: sources report to it, faces and connectors read it and send commands through it. */
export interface Hub {
  readonly tables: Tables;
  readonly picture: Picture;
  readonly feed: Feed;
  /** Values over time. */
  readonly archive: Archive;
  readonly alarms: AlarmBoard;
  readonly commands: Commands;
  health(): Health;
  counters(): unknown;
}

/** Active or idle: what clients of the classic dialect call active. */
export function isAlive(status: NodeStatus): boolean {
  return status === 'active' || status === 'idle';
}
