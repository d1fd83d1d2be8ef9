/**
 * The hub: the one interface that every face of the gateway (classic sockets, JSON-RPC, websocket …) is given.
 */
import type { NodeStatus } from '../node/mesh-node.js';
import type { TimedValue } from '../node/value-queue.js';
import type { DataType } from '../protocol/data-types.js';
import type { Message, Path, Tables } from '../protocol/message.js';
import type { RootCommand } from '../protocol/root-command.js';
import type { LinkStatus } from '../uart/link-keeper.js';

/** A node as it is now. */
export interface NodeView {
  /** 0x0001–0x7FFF. */
  readonly address: number;
  readonly name: string;
  /** 16 bytes. */
  readonly uuid?: Buffer;
  readonly status: NodeStatus;
  /** ms since the epoch, host clock. */
  readonly lastHeardAt?: number;
  /** The newest value of each data type that it has sent, by rising id. */
  readonly latest: readonly { readonly type: DataType; readonly value: TimedValue }[];
}

export interface RootView {
  /** ms since the epoch, host clock: the last frame from the root, whoever it spoke for. */
  readonly lastHeardAt?: number;
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

/** What has changed. `seq` counts up by one from an unbroken counter; `at`: ms since the epoch, host clock. */
export type HubEvent = { readonly seq: number; readonly at: number } & HubEventContent;

export type HubEventContent =
  /** A message came; `toListeners`: clients of the classic dialect get its body. */
  | { readonly kind: 'message'; readonly message: Message; readonly toListeners: boolean }
  | { readonly kind: 'value'; readonly node: number; readonly type: DataType; readonly value: TimedValue }
  | { readonly kind: 'node'; readonly node: number; readonly change: 'added' | 'identified' | 'forgotten' }
  | { readonly kind: 'paths'; readonly paths: readonly Path[] }
  | { readonly kind: 'link'; readonly status: LinkStatus }
  /** A line that the root printed outside its frames. */
  | { readonly kind: 'console'; readonly line: string }
  /** A line that a client wants shown. */
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'robots'; readonly robots: readonly Robot[] };

export interface Hub {
  readonly tables: Tables;
  link(): LinkStatus;
  root(): RootView;
  /** Every node, by rising address. */
  nodes(): NodeView[];
  findNode(address: number): NodeView | undefined;
  activeNodeCount(): number;
  paths(): readonly Path[];
  robots(): readonly Robot[];
  counters(): unknown;
  /** Calls `listener` for every event from now on, in order; returns how to end that. */
  subscribe(listener: (event: HubEvent) => void): () => void;
  /** `owner`: who asks, for fairness between clients. Never rejects. */
  execute(command: Command, owner: string): Promise<Outcome>;
}

/** Active or idle: what clients of the classic dialect call active. */
export function isAlive(status: NodeStatus): boolean {
  return status === 'active' || status === 'idle';
}
