/** Nodes of the mesh and devices of the gateway, as DCSS sees them by `[[dcss.device]]`. */
import type { CancelTimer, Clock } from '../../../base/clock.js';
import type { MotorStatus } from '../../../codecs/dcss/from-hardware.js';
import type { ShutterState } from '../../../codecs/dcss/to-hardware.js';
import { checkArguments } from '../../../hub/command-definition.js';
import type { Delivery } from '../../../hub/deliveries.js';
import type { Hub } from '../../../hub/hub.js';
import { isDevice } from '../../../protocol/address.js';
import type { MessageTemplate } from '../../../protocol/message-template.js';
import type { Motor, Shutter, StringDevice } from './drive.js';
import type { DeliveryFollower } from './follow.js';
import { addressIn, type HubField } from './hub-field.js';

export interface HubAccess {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly follower: DeliveryFollower;
  /** Owner of what is sent. */
  readonly owner: string;
}

/** Sends a message to a node; undefined if there is no such node. */
export function sendTo(node: string, message: Buffer, { hub, owner }: HubAccess): Delivery | undefined {
  const to = addressIn(node, hub);
  if (to === undefined || isDevice(to)) return undefined;
  return hub.commands.deliver({ kind: 'send', to, message, tracked: false }, { owner });
}

/** Gives a device a command; a text says why it was not given. */
export function commandTo(
  device: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
  { hub, owner }: HubAccess,
): Delivery | string {
  const address = addressIn(device, hub);
  const view = address === undefined ? undefined : hub.picture.findDevice(address);
  const definition = view?.commands.find((command) => command.name === name);
  if (!view || !definition) return view ? `no_command ${name}` : `no_device ${device}`;
  const checked = checkArguments(definition, given);
  if ('fault' in checked) return `bad_arguments ${checked.fault}`;
  return hub.commands.command({
    address: view.address,
    definition,
    arguments: checked.values,
    by: { owner },
  });
}

/** Moves by a command of a device, whose stages are those of the move. */
export class CommandMotor implements Motor {
  readonly #access: HubAccess;
  readonly #device: string;
  readonly #command: string;
  readonly #argument: string;
  readonly #field: HubField | undefined;
  #last: number | undefined;
  #delivery: string | undefined;

  constructor(
    { device, command, argument }: { device: string; command: string; argument: string },
    field: HubField | undefined,
    access: HubAccess,
  ) {
    this.#device = device;
    this.#command = command;
    this.#argument = argument;
    this.#field = field;
    this.#access = access;
  }

  get position(): number | undefined {
    return this.#field?.readNumber() ?? this.#last;
  }

  move(destination: number, onEnd: (status: MotorStatus) => void): void {
    const delivery = commandTo(this.#device, this.#command, { [this.#argument]: destination }, this.#access);
    if (typeof delivery === 'string') {
      onEnd('unknown');
      return;
    }
    this.#delivery = delivery.id;
    this.#access.follower.follow(delivery, ({ stage }) => {
      if (stage === 'completed') {
        this.#last = destination;
        onEnd('normal');
      } else if (stage === 'aborted' || stage === 'failed') onEnd(stage === 'failed' ? 'unknown' : 'aborted');
    });
  }

  stop(): void {
    if (this.#delivery !== undefined) this.#access.hub.commands.abort(this.#delivery);
  }

  define(): boolean {
    return false;
  }

  setSpeed(): void {}

  configure(): void {}
}

/** A node may take its time. */
const ARRIVAL_MS = 60_000;

interface Move {
  readonly destination: number;
  readonly onEnd: (status: MotorStatus) => void;
  readonly stopFollowing: CancelTimer[];
}

/** Moves by a message to a node; it has arrived when the node's value says so. */
export class NodeMotor implements Motor {
  readonly #access: HubAccess;
  readonly #node: string;
  readonly #template: MessageTemplate;
  readonly #field: HubField;
  readonly #within: number;
  #move: Move | undefined;

  constructor(
    { node, template, within }: { node: string; template: MessageTemplate; within: number },
    field: HubField,
    access: HubAccess,
  ) {
    this.#node = node;
    this.#template = template;
    this.#within = within;
    this.#field = field;
    this.#access = access;
  }

  get position(): number | undefined {
    return this.#field.readNumber();
  }

  move(destination: number, onEnd: (status: MotorStatus) => void): void {
    const { clock, follower } = this.#access;
    const message = this.#template(destination);
    const delivery = message && sendTo(this.#node, message, this.#access);
    if (!delivery) {
      onEnd('unknown');
      return;
    }
    const stopFollowing: CancelTimer[] = [];
    this.#move = { destination, onEnd, stopFollowing };
    stopFollowing.push(
      clock.after(ARRIVAL_MS, () => this.#end('unknown')),
      this.#field.watch(() => this.#look()),
    );
    // Last: a delivery that has failed already ends the move here.
    stopFollowing.push(
      follower.follow(delivery, ({ stage }) => {
        if (stage === 'failed') this.#end('unknown');
      }),
    );
  }

  /** A node can't be stopped: only nobody waits any more. */
  stop(): void {
    this.#end('aborted');
  }

  define(): boolean {
    return false;
  }

  setSpeed(): void {}

  configure(): void {}

  #look(): void {
    const position = this.position;
    const distance = Math.abs((position ?? Number.POSITIVE_INFINITY) - (this.#move?.destination ?? 0));
    if (this.#move && distance <= this.#within) this.#end('normal');
  }

  #end(status: MotorStatus): void {
    const move = this.#move;
    this.#move = undefined;
    for (const stop of move?.stopFollowing ?? []) stop();
    move?.onEnd(status);
  }
}

/** For the message to be written. */
const SWITCH_MS = 10_000;

/** Opens and closes by two messages to a node. */
export class NodeShutter implements Shutter {
  readonly #access: HubAccess;
  readonly #node: string;
  readonly #messages: Readonly<Record<ShutterState, Buffer>>;
  readonly #field: HubField | undefined;
  #last: ShutterState;

  constructor(
    {
      node,
      messages,
      state,
    }: { node: string; messages: Readonly<Record<ShutterState, Buffer>>; state: ShutterState },
    field: HubField | undefined,
    access: HubAccess,
  ) {
    this.#node = node;
    this.#messages = messages;
    this.#field = field;
    this.#access = access;
    this.#last = state;
  }

  /** Open: the value is not 0. */
  get state(): ShutterState {
    const value = this.#field?.readNumber();
    if (value === undefined) return this.#last;
    return value === 0 ? 'closed' : 'open';
  }

  set(state: ShutterState): Promise<string> {
    const { clock, follower } = this.#access;
    return new Promise((resolve) => {
      const delivery = sendTo(this.#node, this.#messages[state], this.#access);
      const cancel = clock.after(SWITCH_MS, () => resolve('not_written'));
      const end = (result: string) => {
        cancel();
        if (result === 'normal') this.#last = state;
        resolve(result);
      };
      if (!delivery) end('no_such_node');
      else
        follower.follow(delivery, ({ stage, failure }) => {
          if (stage === 'written' || stage === 'answered') end('normal');
          else if (stage === 'failed') end(failure ?? 'failed');
        });
    });
  }
}

/** Text of a field; DCSS can't set it. */
export class FieldString implements StringDevice {
  readonly #field: HubField;

  constructor(field: HubField) {
    this.#field = field;
  }

  get contents(): string {
    return String(this.#field.read() ?? '');
  }

  set(): boolean {
    return false;
  }

  watch(onChange: () => void): () => void {
    return this.#field.watch(onChange);
  }
}
