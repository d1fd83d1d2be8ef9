/**
 * The hub: the one interface that every face of the gateway (classic sockets, JSON-RPC, websocket …) is given.
 * Times are ms since the epoch, host clock; addresses of nodes are 0x0001–0x7FFF.
 */
import type { NodeStatus } from '../node/mesh-node.js';
import type { TimedValue } from '../node/node-values.js';
import type { DataType } from '../protocol/data-types.js';
import type { Message, Path, Tables } from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import type { LinkStatus } from '../link/link-keeper.js';
import type { Alarm, ConnectorAlarmCode } from './alarms.js';
import type { Archive } from './archive.js';
import type { Delivery, Expectation } from './deliveries.js';
import type { Health } from './health.js';
import type { RecoveryOutcome, RecoveryStep } from '../network/root-recovery.js';

export { DELIVERY_FAILURES, type DeliveryFailure } from './deliveries.js';

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

export type Command =
  | RootCommand
  /** Ask the root for its list of nodes, or of paths; `fresh` tells whether it answered in time. */
  | { readonly kind: 'refreshNodes' }
  | { readonly kind: 'refreshPaths' }
  /** A line for whoever watches. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'setRobots'; readonly robots: readonly Robot[] };

/** Why a command was not carried out. */
export const COMMAND_FAILURES = {
  noLink: 'there is no serial connection to the root',
  busy: 'too many commands are waiting to be sent',
  messageTooLong: 'the message is longer than an edge device can take',
} as const;

export type CommandFailure = keyof typeof COMMAND_FAILURES;

/** `fresh`: the root answered; always true where nothing was asked of it. */
export type Outcome =
  | { readonly ok: true; readonly fresh: boolean }
  | { readonly ok: false; readonly reason: CommandFailure };

/** A message to one node (0x0000: the root itself), or to all. */
export type Sending = Extract<RootCommand, { kind: 'send' | 'broadcast' }>;

/** A value in time: what a reader of the past gets. */
export interface NodeValue {
  readonly node: number;
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
  | { readonly kind: 'value'; readonly node: number; readonly type: DataType; readonly value: TimedValue }
  | ({ readonly kind: 'node'; readonly node: number } & NodeChange)
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

/** While the link is down every node counts as unknown; no event per node tells so. */
export type NodeChange =
  | { readonly change: 'added' | 'identified' | 'renamed' | 'forgotten' }
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

export interface Hub {
  readonly tables: Tables;
  link(): LinkStatus;
  root(): RootView;
  /** Every node, by rising address. */
  nodes(): NodeView[];
  /** The first `limit` nodes from this address on, by rising address: for who must not hold others up with them all. */
  nodesFrom(address: number, limit: number): NodeView[];
  findNode(address: number): NodeView | undefined;
  /** The newest value of a node and type. */
  latest(address: number, typeId: number): TimedValue | undefined;
  /** The address of a node by its name, whether the node is known or not; case does not matter. */
  addressOf(name: string): number | undefined;
  /** The name of a node by its address, whether the node is known or not. */
  nameOf(address: number): string;
  activeNodeCount(): number;
  paths(): readonly Path[];
  robots(): readonly Robot[];
  counters(): unknown;
  health(): Health;
  /** The values that are held in memory of a node and type, oldest first. */
  values(range: ValueRange): TimedValue[];
  /** Values over time. */
  readonly archive: Archive;
  /** The paths are from an earlier run. */
  arePathsRestored(): boolean;
  /** Alarms that are not both over and acknowledged, oldest first. */
  alarms(): Alarm[];
  /** What a connector has noticed, and a person should know; `text`: what exactly. */
  raiseAlarm(code: ConnectorAlarmCode, text: string): void;
  /** False when there is no such alarm. */
  acknowledgeAlarm(id: string): boolean;
  /**
   * Removes a node from the picture, with its values and alarms; it comes back when it is heard or listed. What is
   * stored of it stays as past. False when neither the node nor an alarm about it is known.
   */
  forget(address: number): boolean;
  /** The last number that an event was given. */
  lastSeq(): number;
  /** What is still held of the events after `seq`, at most `limit` of them, and what is gone. */
  replay(seq: number, limit?: number): Replay;
  /** Calls `listener` for every event from now on, in order; returns how to end that. */
  subscribe(listener: (event: HubEvent) => void): () => void;
  /** `owner`: who asks, for fairness between clients. Never rejects. */
  execute(command: Command, owner: string): Promise<Outcome>;
  /** Sends, and gives the handle at once; `expects`: which message will count as the answer. */
  deliver(sending: Sending, owner: string, expects?: Expectation): Delivery;
  findDelivery(id: string): Delivery | undefined;
  /** Frees the port for another program, for `ms`; it is opened again then, or by `takePort`. */
  releasePort(ms: number): Promise<void>;
  takePort(): void;
  /** The facts behind a node's status, in order; undefined when there is no such node. */
  explainNode(address: number): string[] | undefined;
}

/** Active or idle: what clients of the classic dialect call active. */
export function isAlive(status: NodeStatus): boolean {
  return status === 'active' || status === 'idle';
}
