import type { CancelTimer } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { ModemLines } from '../link/link.js';
import { ROOT_ADDRESS, ROOT_MESH_ADDRESS } from '../protocol/address.js';
import { encodeMessage, encodeText, isRootAddress, type ListedNode, type Path } from '../protocol/message.js';
import { decodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import { encodeFrame } from '../uart/frame.js';
import { type BootCause, bootLog, infoLine } from './boot-log.js';
import { BEHAVIOUR, type Generation } from './generation.js';
import { netInfoBodies, pathInfoBodies } from './root-lists.js';
import { RootUart } from './root-uart.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** From start to Root Reset. At power-on short, since a person is waiting; after a restart as with real firmware. */
const BOOT_MS = { powerOn: 350, restart: 3_000, lines: 3_000, crash: 3_000 } as const;
const HEARTBEAT_MS = 60_000;

const ERROR_TEXTS = {
  tooShort: 'Error: Command Too Short\n',
  noAddress: 'Error: No Dst Address Attached\n',
  noMessage: 'Error: No Message Attached\n',
} as const;

/** The root's access to its mesh. */
export interface RootRadio {
  /** Sends opcode (1) and payload to a node; a tracked message is retransmitted. */
  send(to: number, message: Buffer, tracked: boolean): void;
  broadcast(message: Buffer): void;
  paths(): Path[];
}

/** What ends a hang of the root: time, RST-R, or only the modem lines. */
export type HangUntil = 'time' | 'restart' | 'lines';

interface Hang {
  readonly until: HangUntil;
  readonly onEnd: (by: BootCause | 'time') => void;
}

const COUNTED = ['frames', 'commands', 'brokenFrames', 'halfMessages', 'boots'] as const;

export interface VirtualRootOptions {
  readonly generation: Generation;
  readonly timeline: Timeline;
  readonly vocabulary: Vocabulary;
  readonly radio: RootRadio;
  /** Gets the bytes for the UART: a complete frame or console text. */
  transmit(bytes: Buffer): void;
  /** Called when it can provision nodes. */
  onOnline(): void;
  /** Called when it has deleted its network. */
  onCleaned(): void;
}

/** The ESP32 at the serial port: boots, executes commands, and forwards messages from its nodes. */
export class VirtualRoot {
  /** Frames sent, commands received, and received frames that were malformed or cut in half. */
  readonly counters = new Counters<(typeof COUNTED)[number]>(COUNTED);
  readonly #options: VirtualRootOptions;
  readonly #uart: RootUart;
  readonly #network = new Map<number, ListedNode>();
  #state: 'off' | 'booting' | 'online' = 'off';
  #startedAt = 0;
  #hang: Hang | undefined;
  #isHeld = false;
  #timers: CancelTimer[] = [];

  constructor(options: VirtualRootOptions) {
    this.#options = options;
    this.#uart = new RootUart(options.timeline, {
      onBody: (body) => this.#execute(body),
      onBroken: () => this.counters.add('brokenFrames'),
      onHalfMessage: () => this.#onHalfMessage(),
    });
  }

  /** Running: neither off, nor booting, nor hung. */
  get online(): boolean {
    return this.#state === 'online' && !this.#hang;
  }

  /** Milliseconds since it started. */
  get uptimeMs(): number {
    return this.#options.timeline.now - this.#startedAt;
  }

  /** The provisioned nodes, in the order in which they joined. */
  get network(): ReadonlyMap<number, ListedNode> {
    return this.#network;
  }

  /** Starts it: boot log, then Root Reset. It keeps its network. It stays off while the modem lines hold it in reset. */
  boot(cause: BootCause): void {
    const { timeline } = this.#options;
    if (this.#isHeld) return;
    this.#stopAll();
    this.#endHang(cause);
    this.counters.add('boots');
    this.#state = 'booting';
    this.#startedAt = timeline.now;
    this.#timers = bootLog(cause).map(({ atMs, text }) => timeline.after(atMs, () => this.#print(text)));
    this.#timers.push(timeline.after(BOOT_MS[cause], () => this.#goOnline()));
  }

  /** Makes it hang until `until`; `onEnd` gets what ended it. */
  hang(until: HangUntil, onEnd: (by: BootCause | 'time') => void): void {
    this.#endHang('time');
    this.#hang = { until, onEnd };
  }

  /** Ends a hang; it continues as before. */
  wake(): void {
    this.#endHang('time');
  }

  /** Wired as on most boards: RTS without DTR holds the chip in reset; it boots when released. */
  setLines({ dtr, rts }: ModemLines): void {
    const isHeld = rts && !dtr;
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#stopAll();
    this.#state = 'off';
    if (!isHeld) this.boot('lines');
  }

  /** Bytes from the gateway; lost while it boots. */
  receive(bytes: Buffer): void {
    this.#uart.receive(bytes);
  }

  /** Ends the current read block: an incomplete frame is lost. */
  endBlock(): void {
    this.#uart.endBlock();
  }

  /** Receives a body from one of its nodes. */
  hear(from: number, body: Buffer): void {
    if (this.online && this.#network.has(from)) this.#transmitFrame(body);
  }

  /** Adds a node to its network. */
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
    if (this.#hang && !this.#isRescue(command)) return;
    this.counters.add('commands');
    if (typeof command === 'string') this.#say(ERROR_TEXTS[command]);
    else this.#run(command);
  }

  #isRescue(command: ReturnType<typeof decodeRootCommand>): boolean {
    return this.#hang?.until === 'restart' && typeof command !== 'string' && command.kind === 'resetRoot';
  }

  #endHang(by: BootCause | 'time'): void {
    const hang = this.#hang;
    this.#hang = undefined;
    hang?.onEnd(by);
  }

  /** Unknown commands are ignored. */
  #run(command: RootCommand): void {
    const { radio } = this.#options;
    switch (command.kind) {
      case 'send':
        if (isRootAddress(command.to)) this.#receiveItself(command.message);
        else if (this.#network.has(command.to)) radio.send(command.to, command.message, command.tracked);
        else this.#say('Node not exists in network\n', command.to);
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
    const bodies = netInfoBodies([...this.#network.values()], this.#options.vocabulary);
    for (const body of bodies) this.#transmitFrame(body);
  }

  #listPaths(): void {
    const { radio, vocabulary, generation } = this.#options;
    if (!BEHAVIOUR[generation].listsPaths) return;
    for (const body of pathInfoBodies(radio.paths(), vocabulary)) this.#transmitFrame(body);
  }

  #onHalfMessage(): void {
    this.counters.add('halfMessages');
    this.#say(BEHAVIOUR[this.#options.generation].halfMessage);
  }

  #printHeartbeat(): void {
    this.#print(infoLine(this.uptimeMs, 'root', `alive, ${this.#network.size} nodes provisioned`));
  }

  /** `about`: in an error about a node, the firmware sends that node's address instead of its own. */
  #say(text: string, about = ROOT_ADDRESS): void {
    this.#transmitFrame(encodeText(about, text));
  }

  #print(text: string): void {
    if (this.#hang) return;
    this.#options.transmit(Buffer.from(text, 'latin1'));
  }

  #transmitFrame(body: Buffer): void {
    if (this.#hang) return;
    this.counters.add('frames');
    this.#options.transmit(encodeFrame(body));
  }

  #stopAll(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    this.#uart.stop();
  }
}
