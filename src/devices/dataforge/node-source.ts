/** A node of the mesh as a supply: a message sets its voltage, a field of one of its values is the reading. */
import type { Clock } from '../../base/clock.js';
import type { Delivery } from '../../hub/deliveries.js';
import { COMMAND_FAILURES, type Hub, type HubEvent } from '../../hub/hub.js';
import type { LinkStatus } from '../../link/link-keeper.js';
import { type DataType, decodeValue } from '../../protocol/data-types.js';
import type { MessageTemplate } from '../../protocol/message-template.js';
import { NextValue } from './next-value.js';
import { type SetProgress, SupplyError, type VoltageSource } from './voltage-source.js';

export interface NodeSourceOptions {
  readonly hub: Pick<Hub, 'commands' | 'feed' | 'picture'>;
  readonly clock: Clock;
  /** 0x0001–0x7FFF. */
  readonly address: number;
  readonly template: MessageTemplate;
  readonly type: DataType;
  readonly field: string;
}

/** Nodes report at their own pace. */
const READ_TIMEOUT_MS = 600_000;
/** For the message to be written: the send queue may be long. */
const WRITE_TIMEOUT_MS = 30_000;
const OWNER = 'hv';

export class NodeSource implements VoltageSource {
  readonly description: string;
  readonly isPushed = true;
  readonly #options: NodeSourceOptions;
  readonly #reading: NextValue<number>;
  readonly #written: NextValue<Delivery>;
  #delivery: string | undefined;
  #counts = { badValues: 0 };
  #unsubscribe = () => {};
  #onStatus: (status: LinkStatus) => void = () => {};

  constructor(options: NodeSourceOptions) {
    this.#options = options;
    this.description = `high-voltage supply: node ${options.address}`;
    this.#reading = new NextValue(options.clock);
    this.#written = new NextValue(options.clock);
  }

  counters() {
    return { ...this.#counts };
  }

  start(onStatus: (status: LinkStatus) => void): void {
    const { hub } = this.#options;
    this.#onStatus = onStatus;
    this.#unsubscribe = hub.feed.subscribe((event) => this.#onEvent(event));
    onStatus(hub.picture.link());
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#reading.fail(new Error('stopped'));
    this.#written.fail(new Error('stopped'));
  }

  async set(volts: number, { signal }: SetProgress): Promise<void> {
    const { hub, address, template } = this.#options;
    const message = encode(template, volts);
    const written = this.#written.next(WRITE_TIMEOUT_MS);
    const onAbort = () => this.#written.fail(new SupplyError('linkLost', 'ended before it was written'));
    signal.addEventListener('abort', onAbort, { once: true });
    const sending = { kind: 'send', to: address, message, tracked: true } as const;
    const delivery = hub.commands.deliver(sending, { owner: OWNER });
    this.#delivery = delivery.id;
    this.#onDelivery(delivery);
    try {
      const { failure } = await written;
      if (failure) throw new SupplyError(failure, COMMAND_FAILURES[failure].text);
    } catch (error) {
      throw error instanceof SupplyError ? error : new SupplyError('linkLost', 'the message was not written');
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  read(): Promise<number> {
    return this.#reading.next(READ_TIMEOUT_MS);
  }

  #onEvent(event: HubEvent): void {
    if (event.kind === 'link') this.#onStatus(event.status);
    else if (event.kind === 'delivery') this.#onDelivery(event.delivery);
    else if (event.kind === 'value') this.#onValue(event);
  }

  #onDelivery(delivery: Delivery): void {
    if (delivery.id === this.#delivery && delivery.stage !== 'queued') this.#written.offer(delivery);
  }

  #onValue({ node, type, value }: Extract<HubEvent, { kind: 'value' }>): void {
    const { address, type: wanted, field } = this.#options;
    if (node !== address || type !== wanted) return;
    const volts = decodeValue(type, value.bytes)[field]?.value;
    if (typeof volts === 'number' && Number.isFinite(volts)) this.#reading.offer(volts);
    else this.#counts.badValues++;
  }
}

function encode(template: MessageTemplate, volts: number): Buffer {
  const message = template(volts);
  if (!message) throw new SupplyError('rejectedByDevice', `${volts} V does not fit the message of the node`);
  return message;
}
