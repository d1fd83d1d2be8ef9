/** A hardware server towards a DCSS: its parts, and what each gets. */
import { checkDevices, type DcssSection, tcpAddressOf } from '../../config/sections/dcss.js';
import type { HubEvent } from '../../hub/hub.js';
import { describeLinkStatus } from '../../link/describe-link.js';
import type { LinkStatus } from '../../link/link-keeper.js';
import { openTcpLink } from '../../link/tcp-link.js';
import type { Connector, ConnectorOptions } from '../connector.js';
import { checkBinding, commandOperation, findDrives } from './drives/find-drives.js';
import { DeliveryFollower } from './drives/follow.js';
import type { HubAccess } from './drives/hub-drives.js';
import { HardwareServer } from './hardware-server.js';
import { ClassifierClient } from './loop/classifier-client.js';
import { LoopFiles } from './loop/loop-files.js';
import { LoopOperations, trimmed } from './loop/loop-operations.js';
import { meshOperation } from './mesh/mesh-operations.js';
import { meshString } from './mesh/mesh-strings.js';
import type { Operation } from './operations.js';
import { ServerLink } from './server-link.js';

const KEEP_ALIVE_MS = 30_000;
/** The outlet has a limit of its own below that. */
const MAX_UNSENT = 8_388_608;
/** For a DCSS that does not read. */
const WRITE_TIMEOUT_MS = 30_000;
/** Sender of its lines in the log of DCSS. */
const SENDER = 'mesh';
const OWNER = 'dcss';
/** In recordings. */
const LINK_NAME = 'dcss';

/** Throws `BAD_CONFIG`. */
export function createDcssConnector(
  section: DcssSection,
  server: string,
  options: ConnectorOptions,
): Connector {
  checkDevices(section);
  for (const [index, device] of section.device.entries())
    if (device.dhs === undefined) checkBinding(device, index);
  return new DcssConnector(section, server, options);
}

class DcssConnector implements Connector {
  readonly #section: DcssSection;
  readonly #options: ConnectorOptions;
  readonly #access: HubAccess;
  readonly #follower: DeliveryFollower;
  readonly #classifier: ClassifierClient | undefined;
  readonly #files: LoopFiles | undefined;
  readonly #loop: LoopOperations;
  readonly #hardware: HardwareServer;
  readonly #link: ServerLink;
  #wasUp = false;
  #unsubscribe = () => {};

  constructor(section: DcssSection, server: string, options: ConnectorOptions) {
    const { hub, clock, log } = options;
    this.#section = section;
    this.#options = options;
    this.#follower = new DeliveryFollower(hub);
    this.#access = { hub, clock, follower: this.#follower, owner: OWNER };
    this.#classifier = this.#createClassifier();
    this.#files = section.save === undefined ? undefined : new LoopFiles(section.save, log);
    this.#loop = this.#createLoop();
    this.#link = this.#createLink(server);
    this.#hardware = this.#createHardware();
  }

  counters() {
    return {
      state: this.#link.status.state,
      link: this.#link.counters(),
      hardware: this.#hardware.counters(),
      loop: this.#loop.counters(),
      ...(this.#classifier && { classifier: this.#classifier.counters() }),
      ...(this.#files && { files: this.#files.counters() }),
    };
  }

  start(): void {
    const { hub } = this.#options;
    if (this.#section.mode === 'mesh')
      this.#unsubscribe = hub.feed.subscribe((event) => this.#onEvent(event));
    this.#classifier?.start();
    this.#link.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#hardware.onLost();
    this.#classifier?.stop();
    await this.#link.stop();
    this.#follower.close();
    await this.#files?.finished();
  }

  #createClassifier(): ClassifierClient | undefined {
    const { classifier, threshold, scan } = this.#section;
    const { clock, log } = this.#options;
    if (classifier === undefined) return undefined;
    return new ClassifierClient({ clock, log, url: trimmed(classifier), settings: { threshold, scan } });
  }

  #createLoop(): LoopOperations {
    const { camera, frames, loop_words: words } = this.#section;
    const [classifier, files, access] = [this.#classifier, this.#files, this.#access];
    return new LoopOperations({ ...this.#options, access, classifier, camera, files, frames, words });
  }

  #createLink(server: string): ServerLink {
    const { clock, log } = this.#options;
    const { name, protocol, update_bytes } = this.#section;
    const address = tcpAddressOf(server);
    const limits = {
      keepAliveMs: KEEP_ALIVE_MS,
      maxUnsentBytes: MAX_UNSENT,
      writeTimeoutMs: WRITE_TIMEOUT_MS,
    };
    const direct = openTcpLink({ ...address, ...limits }, { clock });
    const openLink = this.#options.record?.(direct, LINK_NAME) ?? direct;
    return new ServerLink(
      { openLink, clock, random: Math.random, name, protocol, maxText: update_bytes - 1 },
      {
        onMessage: (text) => this.#hardware.onMessage(text),
        onLost: () => this.#hardware.onLost(),
        onStatus: (status) => this.#onStatus(status),
        onFault: (why) => log.warn('fault', `DCSS: ${why}; connecting again`),
      },
    );
  }

  #createHardware(): HardwareServer {
    const { clock, log, hub } = this.#options;
    const { virtual, mode, device } = this.#section;
    const here = device.filter(({ dhs }) => dhs === undefined);
    const link = this.#link;
    return new HardwareServer({
      clock,
      log,
      sender: SENDER,
      speaker: {
        say: (message, key) => link.send(message, key),
        get room() {
          return link.room;
        },
      },
      drives: findDrives({
        devices: here,
        isVirtual: virtual,
        access: this.#access,
        random: Math.random,
        findMeshString: (name) => (mode === 'mesh' ? meshString(name, hub) : undefined),
      }),
      findOperation: (name) => this.#findOperation(name),
    });
  }

  /** A site's own operations come first. */
  #findOperation(name: string): Operation | undefined {
    const { device, mode } = this.#section;
    const own = device.find((one) => one.kind === 'operation' && one.name === name && one.dhs === undefined);
    if (own) return commandOperation(own, this.#access);
    return (mode === 'mesh' ? meshOperation(name, this.#access) : undefined) ?? this.#loop.find(name);
  }

  #onStatus(status: LinkStatus): void {
    const { log, hub } = this.#options;
    const text = describeLinkStatus(status, 'DCSS');
    const isUp = status.state === 'up';
    if (isUp) log.info(text, status.state);
    else if (status.state === 'backingOff') log.warn(`${status.state} ${status.reason}`, text);
    else log.debug('%s', text);
    if (this.#wasUp && status.state === 'backingOff') hub.alarms.raise('DCSS_LOST', text);
    if (isUp || status.state === 'backingOff') this.#wasUp = isUp;
  }

  /** Alarms are lines in the log of DCSS; the one about the connection to it would only echo. */
  #onEvent(event: HubEvent): void {
    if (event.kind !== 'alarm' || event.alarm.code === 'DCSS_LOST') return;
    const { id, text, active } = event.alarm;
    this.#hardware.logLine('warning', `${id} ${active ? text : 'is over'}`);
  }
}
