/**
 * Strict mode: the two commands and the readings of the HV server, for the programs that exist. The supply is the device
 * `hv:1`, whatever it is; a command that somebody else gave it is answered to all as well.
 */
import { answerMeta, BUSY_TEXT, type ErrorCode, readingMeta } from '../../codecs/dataforge/hv-messages.js';
import { checkArguments } from '../../hub/command-definition.js';
import type { Delivery } from '../../hub/deliveries.js';
import { COMMAND_FAILURES, type CommandFailure, type Hub, type HubEvent } from '../../hub/hub.js';
import { decodeValue } from '../../protocol/data-types.js';
import { type HvCommand, readHvCommand } from './command-check.js';
import { type Incoming, idOf, type Mode, type Refusal } from './hardware-manager.js';
import type { MessageContent } from './message.js';

export const SUPPLY = 'hv:1';
const BLOCK = 1;
/** The sender's name in the hub. */
const OWNER = 'dataforge';
const READING_FIELD = 'voltage';

/** What a failure of a command is to the clients of the server. */
const CODES: Readonly<Record<CommandFailure, ErrorCode>> = {
  deviceBusy: 8,
  queueFull: 8,
  rejectedByDevice: 9,
  messageTooLong: 9,
  deviceFault: 11,
  rejectedByRoot: 11,
  noLink: 12,
  linkLost: 12,
  notAccepted: 5,
  timedOut: 5,
};

export interface HvModeOptions {
  readonly hub: Hub;
  readonly say: (content: MessageContent) => void;
  readonly refuse: (refusal: Refusal) => void;
}

export class HvMode implements Mode {
  readonly #options: HvModeOptions;
  /** Ids of own commands that are under way, by tag. */
  readonly #ids = new Map<string, string | number | undefined>();
  #commands = 0;

  constructor(options: HvModeOptions) {
    this.#options = options;
  }

  carryOut({ meta }: Incoming): Refusal | undefined {
    const command = readHvCommand(meta);
    return typeof command === 'string' ? { code: 9, description: command } : this.#give(command, idOf(meta));
  }

  onEvent(event: HubEvent): void {
    if (event.kind === 'value' && event.device === SUPPLY) this.#onReading(event);
    else if (event.kind === 'delivery' && event.delivery.device === SUPPLY) this.#onDelivery(event.delivery);
  }

  close(): void {
    this.#ids.clear();
  }

  #give({ name, values }: HvCommand, id: string | number | undefined): Refusal | undefined {
    const { hub } = this.#options;
    const address = hub.picture.addressOf(SUPPLY);
    const device = address === undefined ? undefined : hub.picture.findDevice(address);
    const definition = device?.commands.find((one) => one.name === name);
    if (!device || !definition) return { code: 12, description: 'there is no high-voltage supply' };
    const checked = checkArguments(definition, values);
    if ('fault' in checked) return { code: 9, description: checked.fault };
    const tag = String(++this.#commands);
    this.#ids.set(tag, id);
    const by = { owner: OWNER, tag };
    hub.commands.command({ address: device.address, definition, arguments: checked.values, by });
    return undefined;
  }

  #onReading({ type, value }: Extract<HubEvent, { kind: 'value' }>): void {
    const volts = decodeValue(type, value.bytes)[READING_FIELD]?.value;
    if (typeof volts === 'number')
      this.#options.say({ meta: readingMeta(BLOCK, volts), readingOf: `${SUPPLY} ${READING_FIELD}` });
  }

  #onDelivery(delivery: Delivery): void {
    const { stage, command, owner, tag = '' } = delivery;
    const isEnd = stage === 'completed' || stage === 'failed' || stage === 'aborted';
    if (!isEnd || !command) return;
    const isOwn = owner === OWNER && this.#ids.has(tag);
    const id = isOwn ? this.#ids.get(tag) : undefined;
    if (isOwn) this.#ids.delete(tag);
    if (stage === 'completed') this.#answer(command.name, delivery.result, id);
    else if (isOwn) this.#options.refuse({ ...refusalOf(delivery), id });
  }

  #answer(name: string, result: unknown, id: string | number | undefined): void {
    const facts = {
      block: String(BLOCK),
      ...(typeof result === 'object' && result),
      ...(id !== undefined && { id }),
    };
    this.#options.say({ meta: answerMeta(name, facts) });
  }
}

function refusalOf({ failure, detail }: Delivery): Refusal {
  if (failure === undefined) return { code: 5, description: 'the command was aborted' };
  const code = CODES[failure];
  const text = detail ?? COMMAND_FAILURES[failure].text;
  return { code, description: code === 8 ? BUSY_TEXT : text };
}
