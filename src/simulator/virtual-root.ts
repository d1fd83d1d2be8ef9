import type { CancelTimer } from '../base/clock.js';
import { Counters } from '../base/counters.js';
import type { ModemLines } from '../link/link.js';
import { ROOT_ADDRESS, ROOT_MESH_ADDRESS } from '../protocol/address.js';
import { encodeMessage, encodeText, isRootAddress, type ListedNode, type Path } from '../protocol/message.js';
import { decodeRootCommand, type RootCommand } from '../protocol/root-command.js';
import { encodeFrame } from '../uart/frame.js';
import { type BootCause, bootLog, infoLine } from './boot-log.js';
import { type Generation, HABITS } from './generation.js';
import { netInfoBodies, pathInfoBodies } from './root-lists.js';
import { RootUart } from './root-uart.js';
import type { Timeline } from './timeline.js';
import type { Vocabulary } from './vocabulary.js';

/** From power to Root Reset: short, for somebody waits; after a restart as long as the firmware takes. */
const BOOT_MS = { powerOn: 350, restart: 3_000, lines: 3_000, crash: 3_000 } as const;
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

/** What makes a root that hangs speak again: its own doing, RST-R, or nothing less than the modem lines. */
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
  /** Takes what goes on the UART: a whole frame, or console text. */
  transmit(bytes: Buffer): void;
  /** It can provision from now on. */
  onOnline(): void;
  /** It has forgotten its network. */
  onCleaned(): void;
}

/** The ESP32 at the serial port: a small computer that starts, reads commands, and passes on what it hears. */
export class VirtualRoot {
  /** Frames that it meant to send, commands that it got, frames to it that broke the rules or lost a half. */
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

  /** It is at work: neither off, nor booting, nor hung. */
  get online(): boolean {
    return this.#state === 'online' && !this.#hang;
  }

  /** Milliseconds since it was started. */
  get uptimeMs(): number {
    return this.#options.timeline.now - this.#startedAt;
  }

  /** The nodes that it has provisioned, in that order. */
  get network(): ReadonlyMap<number, ListedNode> {
    return this.#network;
  }

  /** Starts it: boot log, then Root Reset. It keeps the network that it knows. Held by the lines it stays off. */
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

  /** It says nothing more and does nothing more, until what `until` says; `onEnd` is told what it was. */
  hang(until: HangUntil, onEnd: (by: BootCause | 'time') => void): void {
    this.#endHang('time');
    this.#hang = { until, onEnd };
  }

  /** It goes on as if nothing had been. */
  wake(): void {
    this.#endHang('time');
  }

  /** As most boards are wired: RTS without DTR pulls the reset pin, and the chip starts when that ends. */
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

  /** The block that it reads ends here: a frame that has only begun is lost. */
  endBlock(): void {
    this.#uart.endBlock();
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
    if (this.#hang && !this.#isRescue(command)) return;
    this.counters.add('commands');
    if (typeof command === 'string') this.#say(COMPLAINTS[command]);
    else this.#obey(command);
  }

  #isRescue(command: ReturnType<typeof decodeRootCommand>): boolean {
    return this.#hang?.until === 'restart' && typeof command !== 'string' && command.kind === 'resetRoot';
  }

  #endHang(by: BootCause | 'time'): void {
    const hang = this.#hang;
    this.#hang = undefined;
    hang?.onEnd(by);
  }

  /** A command that this firmware does not know it ignores. */
  #obey(command: RootCommand): void {
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
    if (!HABITS[generation].listsPaths) return;
    for (const body of pathInfoBodies(radio.paths(), vocabulary)) this.#transmitFrame(body);
  }

  #onHalfMessage(): void {
    this.counters.add('halfMessages');
    this.#say(HABITS[this.#options.generation].halfMessage);
  }

  #printHeartbeat(): void {
    this.#print(infoLine(this.uptimeMs, 'root', `alive, ${this.#network.size} nodes provisioned`));
  }

  /** `about`: its firmware puts the address of a node that it complains about in the place of its own. */
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
