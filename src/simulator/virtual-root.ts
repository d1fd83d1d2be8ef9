import type { CancelTimer } from '../clock.js';
import { ROOT_ADDRESS, ROOT_MESH_ADDRESS } from '../protocol/address.js';
import {
  BATCH_SIZE,
  encodeMessage,
  encodeNetInfo,
  encodePathInfo,
  encodeText,
  isRootAddress,
  type ListedNode,
  type Path,
} from '../protocol/message.js';
import { decodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import { encodeFrame } from '../uart/frame.js';
import { type BootCause, bootLog, infoLine } from './boot-log.js';
import { RootUart } from './root-uart.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** From power to Root Reset: short, for somebody waits; after a restart as long as the firmware takes. */
const BOOT_MS = { powerOn: 350, restart: 3_000 } as const;
const HEARTBEAT_MS = 60_000;

const COMPLAINTS = {
  tooShort: 'Error: Command Too Short\n',
  noAddress: 'Error: No Dst Address Attached\n',
  noMessage: 'Error: No Message Attached\n',
} as const;

/** What the root does with its mesh. */
export interface RootRadio {
  /** Sends opcode (1) and payload to a node; a tracked message is retransmitted. */
  send(to: number, message: Buffer, tracked: boolean): void;
  broadcast(message: Buffer): void;
  paths(): Path[];
}

export interface VirtualRootOptions {
  readonly timeline: Timeline;
  readonly vocabulary: Vocabulary;
  readonly radio: RootRadio;
  /** Takes what goes on the UART: a whole frame, or console text. */
  transmit(bytes: Buffer): void;
  /** It can provision from now on. */
  onOnline(): void;
  /** It has forgotten its network. */
  onCleaned(): void;
}

/** The ESP32 at the serial port: a small computer that starts, reads commands, and passes on what it hears. */
export class VirtualRoot {
  readonly #options: VirtualRootOptions;
  readonly #uart: RootUart;
  readonly #network = new Map<number, ListedNode>();
  #state: 'off' | 'booting' | 'online' = 'off';
  #startedAt = 0;
  #timers: CancelTimer[] = [];

  constructor(options: VirtualRootOptions) {
    this.#options = options;
    this.#uart = new RootUart(options.timeline, {
      onBody: (body) => this.#execute(body),
      onHalfMessage: () => this.#say('[Warning] Buffer might have remaining half message!!\n'),
    });
  }

  get online(): boolean {
    return this.#state === 'online';
  }

  /** The nodes that it has provisioned, in that order. */
  get network(): ReadonlyMap<number, ListedNode> {
    return this.#network;
  }

  /** Starts it: boot log, then Root Reset. It keeps the network that it knows. */
  boot(cause: BootCause): void {
    const { timeline } = this.#options;
    this.#stopAll();
    this.#state = 'booting';
    this.#startedAt = timeline.now;
    this.#timers = bootLog(cause).map(({ atMs, text }) => timeline.after(atMs, () => this.#print(text)));
    this.#timers.push(timeline.after(BOOT_MS[cause], () => this.#goOnline()));
  }

  /** Bytes from the gateway; lost while it boots. */
  receive(bytes: Buffer): void {
    this.#uart.receive(bytes);
  }

  /** A body from one of its nodes has reached it. */
  hear(from: number, body: Buffer): void {
    if (this.online && this.#network.has(from)) this.#transmitFrame(body);
  }

  /** Takes a node into its network. */
  admit(node: ListedNode): void {
    this.#network.set(node.address, node);
    this.#say(' ----------- prov_complete -----------\n');
  }

  #goOnline(): void {
    const { timeline, vocabulary, onOnline } = this.#options;
    this.#state = 'online';
    this.#uart.start();
    this.#transmitFrame(encodeMessage(ROOT_ADDRESS, vocabulary.rootReset, Buffer.from('online\n')));
    this.#timers = [timeline.every(HEARTBEAT_MS, HEARTBEAT_MS, () => this.#printHeartbeat())];
    onOnline();
  }

  #execute(body: Buffer): void {
    const command = decodeRootCommand(body);
    if (typeof command === 'string') this.#say(COMPLAINTS[command]);
    else this.#obey(command);
  }

  /** A command that this firmware does not know it ignores. */
  #obey(command: RootCommand): void {
    const { radio } = this.#options;
    switch (command.kind) {
      case 'send':
        if (isRootAddress(command.to)) this.#receiveItself(command.message);
        else radio.send(command.to, command.message, command.tracked);
        break;
      case 'broadcast':
        radio.broadcast(command.message);
        break;
      case 'resetRoot':
        this.boot('restart');
        break;
      case 'clean':
        this.#clean();
        break;
      case 'listNodes':
        this.#listNodes();
        break;
      case 'listPaths':
        this.#listPaths();
        break;
      case 'other':
        break;
    }
  }

  #receiveItself(message: Buffer): void {
    const { vocabulary } = this.#options;
    if (message[0] !== vocabulary.echo) return;
    this.#transmitFrame(encodeMessage(ROOT_MESH_ADDRESS, vocabulary.ack, message.subarray(1)));
  }

  #clean(): void {
    this.#say(' - Reseting Root Module\n');
    this.#network.clear();
    this.#options.onCleaned();
    this.boot('restart');
  }

  #listNodes(): void {
    for (const nodes of inBatches([...this.#network.values()])) {
      this.#transmitFrame(
        encodeMessage(ROOT_ADDRESS, this.#options.vocabulary.netInfo, encodeNetInfo(nodes)),
      );
    }
  }

  #listPaths(): void {
    const { radio, vocabulary } = this.#options;
    const batches = inBatches(radio.paths());
    for (const paths of batches.length > 0 ? batches : [[]]) {
      this.#transmitFrame(encodeMessage(ROOT_ADDRESS, vocabulary.pathInfo, encodePathInfo(paths)));
    }
  }

  #printHeartbeat(): void {
    const uptimeMs = this.#options.timeline.now - this.#startedAt;
    this.#print(infoLine(uptimeMs, 'root', `alive, ${this.#network.size} nodes provisioned`));
  }

  #say(text: string): void {
    this.#transmitFrame(encodeText(ROOT_ADDRESS, text));
  }

  #print(text: string): void {
    this.#options.transmit(Buffer.from(text, 'latin1'));
  }

  #transmitFrame(body: Buffer): void {
    this.#options.transmit(encodeFrame(body));
  }

  #stopAll(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    this.#uart.stop();
  }
}

function inBatches<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
}
