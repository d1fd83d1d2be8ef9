/** The hub: turns what sources report into the picture, numbered events, values over time and alarms. */
import { cleanText } from '../base/clean-text.js';
import type { Clock } from '../base/clock.js';
import { isOpen, type LinkStatus } from '../link/link-keeper.js';
import { isDevice } from '../protocol/address.js';
import type { Tables } from '../protocol/message.js';
import type { NodeNames } from '../protocol/node-names.js';
import { ALARM_CODES, type Alarm, type AlarmDefinitions, Alarms } from './alarms.js';
import type { Archive } from './archive.js';
import { Deliveries, type Delivery, type Expectation, type Requester } from './deliveries.js';
import { DeviceCommands, type NewCommand } from './device-commands.js';
import { isOneWord } from './device-id.js';
import { Devices } from './devices.js';
import { EventFeed } from './event-feed.js';
import { type Health, judgeHealth } from './health.js';
import type {
  AlarmBoard,
  Command,
  Commands,
  DeviceReport,
  DeviceView,
  Hub,
  HubEventContent,
  Outcome,
  Restored,
  Sending,
} from './hub.js';
import { MemoryArchive } from './memory-archive.js';
import { MeshPicture, type MeshPictureSettings } from './mesh-picture.js';
import { HubPicture } from './picture.js';
import type { DeviceAlarm, RootCommandRunner, Source, SourceOptions } from './source.js';

export interface HubSettings extends MeshPictureSettings {
  /** Number of events that a client can resume from. */
  readonly eventsHeld: number;
  /** ms of silence from the root, while the link is open, after which the gateway is not ready. */
  readonly rootSilentAfterMs: number;
}

export interface HubOptions {
  readonly clock: Clock;
  readonly tables: Tables;
  readonly settings: HubSettings;
  /** Codes of connectors and devices. */
  readonly alarms?: AlarmDefinitions;
}

/** Name of the source that talks to the root: every gateway has one. */
const MESH = 'mesh';
/** Of a device's own alarm code. */
const MAX_CODE_LENGTH = 64;
const DONE: Outcome = { ok: true, fresh: true };

interface OpenSource extends SourceOptions {
  link: LinkStatus;
}

export class GatewayHub implements Hub {
  readonly tables: Tables;
  readonly picture: HubPicture;
  readonly feed: EventFeed;
  readonly alarms: AlarmBoard;
  readonly commands: Commands;
  /** Written by the mesh's source: contacts, lists, paths. */
  readonly mesh: MeshPicture;
  readonly deliveries: Deliveries;
  /** For raising and clearing any alarm. */
  readonly alarmBook: Alarms;
  readonly #devices: Devices;
  readonly #deviceCommands: DeviceCommands;
  readonly #settings: HubSettings;
  readonly #sources = new Map<string, OpenSource>();
  #archive: Archive;
  #areSocketsLost = false;

  constructor({ clock, tables, settings, alarms }: HubOptions) {
    this.tables = tables;
    this.#settings = settings;
    this.feed = new EventFeed(clock, settings.eventsHeld);
    const publish = (content: HubEventContent) => this.publish(content);
    this.alarmBook = new Alarms(clock, (alarm) => publish({ kind: 'alarm', alarm }), alarms);
    this.deliveries = new Deliveries(clock, (delivery) => publish({ kind: 'delivery', delivery }));
    this.mesh = new MeshPicture(clock, settings, tables.dataTypes, publish);
    const { dataTypes } = tables;
    const linkOf = (source: string) => this.#sources.get(source)?.link ?? NO_LINK;
    const names = () => settings.names;
    this.#devices = new Devices({
      clock,
      dataTypes,
      valuesKept: settings.valuesKept,
      names,
      linkOf,
      publish,
    });
    const onStage = (delivery: Delivery) => publish({ kind: 'delivery', delivery });
    this.#deviceCommands = new DeviceCommands({ clock, nextId: () => this.deliveries.nextId(), onStage });
    const link = () => linkOf(MESH);
    this.picture = new HubPicture({ clock, mesh: this.mesh, devices: this.#devices, settings, link });
    this.#archive = this.memoryArchive();
    this.alarms = this.#createAlarmBoard();
    this.commands = this.#createCommands();
  }

  get archive(): Archive {
    return this.#archive;
  }

  /** Reads past values from `archive`, and starts from the state of an earlier run. Call before any source opens. */
  useArchive(archive: Archive, restored: Restored | undefined): void {
    this.#archive = archive;
    if (!restored) return;
    this.feed.continueFrom(restored);
    this.mesh.restore(ofMesh(restored));
    this.#devices.restore(restored.nodes);
    this.alarmBook.restore(restored.alarms);
  }

  /**
   * Adds the state of an earlier run that could only be read after this one had started. `onNumbered` is called before
   * any event about it, with the amount by which the numbers of the events so far are raised.
   */
  joinRestored(restored: Restored, onNumbered: (raisedBy: number) => void): void {
    onNumbered(this.feed.join(restored));
    this.mesh.join(ofMesh(restored));
    this.#devices.restore(restored.nodes);
    this.alarmBook.join(restored.alarms, (alarm) => this.#mayStillExist(alarm));
  }

  /** A source that has not opened yet may find that its link is still down. */
  #mayStillExist({ node, source }: Alarm): boolean {
    if (source !== undefined) return !this.#sources.has(source);
    return node !== undefined && !!this.picture.findNode(node)?.restored;
  }

  /** The archive could not be opened: continue in memory. */
  goWithoutArchive(why: string): void {
    this.#archive = this.memoryArchive(why);
    this.onArchiveFailing(why);
  }

  /** An archive of the values that the picture holds in memory. */
  memoryArchive(fault?: string): Archive {
    return new MemoryArchive(this.picture, this.tables.dataTypes, fault);
  }

  /** `why`: the archive can't be written; undefined: it can be written again. */
  onArchiveFailing(why: string | undefined): void {
    if (why === undefined) this.alarmBook.clear('HISTORY_FAILING');
    else this.alarmBook.raise('HISTORY_FAILING', undefined, `${ALARM_CODES.HISTORY_FAILING.text}: ${why}`);
  }

  /** `why`: the sockets on which clients can't connect, with reasons; undefined: all work. */
  onSocketsLost(why: string | undefined): void {
    this.#areSocketsLost = why !== undefined;
    if (why === undefined) this.alarmBook.clear('SOCKET_LOST');
    else this.alarmBook.raise('SOCKET_LOST', undefined, why);
  }

  /** The configured names have changed: publishes an event for each renamed node. */
  onRenamed(before: NodeNames): void {
    const { names } = this.#settings;
    for (const node of new Set([...before.named(), ...names.named()])) {
      if (before.nameOf(node) === names.nameOf(node) || !this.picture.findNode(node)) continue;
      this.publish({ kind: 'node', node, change: 'renamed' });
    }
  }

  health(): Health {
    return judgeHealth({
      link: this.picture.link(),
      rootSilentMs: this.picture.root().silentMs,
      rootSilentAfterMs: this.#settings.rootSilentAfterMs,
      alarms: this.alarmBook.all(),
      countNodes: () => ({
        total: this.mesh.statuses.countWhere(() => true),
        disconnected: this.mesh.statuses.countWhere((status) => status === 'disconnected'),
      }),
      history: this.#archive.status(),
      areSocketsLost: this.#areSocketsLost,
    });
  }

  counters() {
    const ofSources = [...this.#sources.values()].map(({ counters }) => counters?.() ?? {});
    return {
      ...Object.assign({}, ...joinGroups(ofSources)),
      picture: this.mesh.counters(),
      devices: this.#devices.counters(),
      deviceCommands: this.#deviceCommands.counters(),
      alarms: this.alarmBook.counters(),
      history: this.#archive.status().counters,
    };
  }

  /** Opens the write side for one source. Throws if the name is taken or not valid. */
  openSource(options: SourceOptions): Source {
    const { name } = options;
    if (!isOneWord(name))
      throw new RangeError(`"${name}" is not a valid source name: use letters, digits and :._-`);
    if (this.#sources.has(name)) throw new Error(`the source ${name} is already open`);
    const source: OpenSource = { ...options, link: NO_LINK };
    this.#sources.set(name, source);
    const whileOpen = (action: () => void) => {
      if (this.#sources.get(name) === source) action();
      else this.#devices.onLate();
    };
    return {
      declare: (types) => whileOpen(() => this.#archive.declare(this.tables.dataTypes.declare(types))),
      addDevice: (address, id, facts) => whileOpen(() => this.#devices.add(name, address, id, facts)),
      removeDevice: (address) => whileOpen(() => this.#removeDevice(name, address)),
      report: (address, type, bytes, at) =>
        whileOpen(() => this.#devices.report(name, address, type, bytes, at)),
      raiseAlarm: (address, alarm) => whileOpen(() => this.#raiseDeviceAlarm(name, address, alarm)),
      clearAlarm: (address, code) =>
        whileOpen(() => this.alarmBook.clearOfDevice(this.#deviceOf(name, address).id, cleanCode(code))),
      setLink: (status) => whileOpen(() => this.#setLink(source, status)),
      close: () => whileOpen(() => this.#close(source)),
    };
  }

  watchReports(source: string, listener: (report: DeviceReport) => void): () => void {
    return this.#devices.watch(source, listener);
  }

  publish(content: HubEventContent): void {
    this.feed.publish(content);
    if (content.kind !== 'node') return;
    for (const { onNodeChange } of this.#sources.values()) onNodeChange?.(content);
  }

  #setLink(source: OpenSource, status: LinkStatus): void {
    source.link = status;
    if (source.name === MESH) {
      this.mesh.statuses.onLink(status.state === 'up');
      this.publish({ kind: 'link', status });
      return;
    }
    if (isOpen(status)) this.alarmBook.clear('LINK_LOST', source.name);
    else if (isLost(status)) this.alarmBook.raise('LINK_LOST', source.name, `no link to ${source.name}`);
    if (status.state !== 'up') this.#deviceCommands.failAllOf(source.name, 'linkLost');
    this.#devices.onLink(source.name);
  }

  #removeDevice(source: string, address: number): void {
    this.#devices.remove(source, address);
    this.#deviceCommands.failAllOf(source, 'linkLost', address);
  }

  #close({ name }: OpenSource): void {
    this.#deviceCommands.failAllOf(name, 'linkLost');
    this.#devices.removeAll(name);
    this.alarmBook.clear('LINK_LOST', name);
    this.#sources.delete(name);
  }

  /** Throws for a device of another source. */
  #deviceOf(source: string, address: number): DeviceView {
    const device = this.#devices.findView(address);
    if (device?.source !== source) throw new Error(`${source} has no device with the address ${address}`);
    return device;
  }

  #raiseDeviceAlarm(
    source: string,
    address: number,
    { code, priority, text, isLasting = true }: DeviceAlarm,
  ): void {
    const about = {
      address,
      device: this.#deviceOf(source, address).id,
      deviceCode: cleanCode(code),
      priority,
      isLasting,
    };
    this.alarmBook.raise('DEVICE_ALARM', about, cleanText(text));
  }

  #createAlarmBoard(): AlarmBoard {
    return {
      open: () => this.alarmBook.all(),
      definitions: this.alarmBook.definitions,
      raise: (code, text) => this.alarmBook.raise(code, undefined, text),
      acknowledge: (id) => this.#acknowledge(id),
    };
  }

  /** Nothing else would end an alarm about a source that is not open. */
  #acknowledge(id: string): boolean {
    const { code, source, node, device, deviceCode } = this.alarmBook.find(id) ?? {};
    if (node !== undefined && deviceCode !== undefined)
      this.#onDeviceAlarmAcknowledged(node, device ?? '', deviceCode);
    if (code && source !== undefined && !this.#sources.has(source)) this.alarmBook.clear(code, source);
    return this.alarmBook.acknowledge(id);
  }

  /** One of a device that no source has can't end by itself either. */
  #onDeviceAlarmAcknowledged(address: number, device: string, code: string): void {
    const view = this.#devices.findView(address);
    if (view) this.#sources.get(view.source)?.onAcknowledged?.(address, code);
    else this.alarmBook.clearOfDevice(device, code);
  }

  #createCommands(): Commands {
    return {
      execute: (command, owner) => this.#execute(command, owner),
      deliver: (sending, by, expects) => this.#deliver(sending, by, expects),
      command: (command) => this.#command(command),
      abort: (delivery) => this.#deviceCommands.abort(delivery),
      findDelivery: (id) => this.deliveries.find(id) ?? this.#deviceCommands.find(id),
      commandsOf: (address) => this.#deviceCommands.of(address),
      forget: (address) => this.#forget(address),
      releasePort: (ms) => this.#root.releasePort(ms),
      takePort: () => this.#root.takePort(),
    };
  }

  get #root(): RootCommandRunner {
    const runner = this.#sources.get(MESH)?.commands;
    if (!runner) throw new Error('no source is connected to the root');
    return runner;
  }

  async #execute(command: Command, owner: string): Promise<Outcome> {
    switch (command.kind) {
      case 'log':
        this.publish({ kind: 'traffic', client: owner, what: 'log', text: cleanText(command.text) });
        return DONE;
      case 'setRobots':
        this.mesh.setRobots(command.robots);
        return DONE;
      default:
        return this.#root.execute(command, owner);
    }
  }

  /** Throws for an address that no device has. */
  #command({ address, ...command }: Omit<NewCommand, 'target'> & { readonly address: number }): Delivery {
    const target = this.#devices.findView(address);
    const source = target && this.#sources.get(target.source);
    if (!target || !source) throw new RangeError(`no device has the address ${address}`);
    const start = source.link.state === 'up' ? source.onCommand : undefined;
    return this.#deviceCommands.begin({ ...command, target }, start);
  }

  #forget(address: number): boolean {
    const wasKnown = this.mesh.forget(address);
    return this.alarmBook.closeOf(address) > 0 || wasKnown;
  }

  #deliver(sending: Sending, by: Requester, expects?: Expectation): Delivery {
    return this.#root.deliver(sending, by, expects);
  }
}

/** A device's own alarm code as it is kept. */
function cleanCode(code: string): string {
  return cleanText(code).slice(0, MAX_CODE_LENGTH);
}

function ofMesh(restored: Restored): Restored {
  return { ...restored, nodes: restored.nodes.filter(({ address }) => !isDevice(address)) };
}

/** Sources of one kind share a group, in which each has one of its own. */
function joinGroups(all: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown>[] {
  const joined: Record<string, unknown> = {};
  for (const [name, group] of all.flatMap((groups) => Object.entries(groups))) {
    const known = joined[name];
    if (typeof known === 'object' && known !== null) Object.assign(known, group);
    else joined[name] = typeof group === 'object' && group !== null ? { ...group } : group;
  }
  return [joined];
}

const NO_LINK: LinkStatus = { state: 'stopped', since: 0 };

function isLost({ state }: LinkStatus): boolean {
  return state === 'absent' || state === 'backingOff';
}
