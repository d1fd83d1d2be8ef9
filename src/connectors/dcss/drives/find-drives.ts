/** What each name stands for: by `[[dcss.device]]`, as a string about the mesh, or virtual. */
import { badDcss, type DcssDevice } from '../../../config/sections/dcss.js';
import { hexBytes, parseTemplate } from '../../../protocol/message-template.js';
import type { Operation } from '../operations.js';
import type { Drives, StringDevice } from './drive.js';
import {
  CommandMotor,
  commandTo,
  FieldString,
  type HubAccess,
  NodeMotor,
  NodeShutter,
} from './hub-drives.js';
import { HubField } from './hub-field.js';
import { VirtualEncoder, VirtualMotor, VirtualShutter, VirtualString, virtualIonChamber } from './virtual.js';

export interface FindDrivesOptions {
  /** Those that are here. */
  readonly devices: readonly DcssDevice[];
  readonly isVirtual: boolean;
  readonly access: HubAccess;
  /** 0–1. */
  readonly random: () => number;
  readonly findMeshString: (name: string) => StringDevice | undefined;
}

/** Virtual ones keep their state between connections. */
export function findDrives({
  devices,
  isVirtual,
  access,
  random,
  findMeshString,
}: FindDrivesOptions): Drives {
  const { hub, clock } = access;
  const here = (name: string, kind: DcssDevice['kind']) =>
    devices.find((one) => one.name === name && one.kind === kind);
  const fieldOf = ({ node, value }: DcssDevice) =>
    node === undefined || value === undefined ? undefined : new HubField(hub, node, value);
  const kept = keep();
  const virtual = <Made>(name: string, make: () => Made) => (isVirtual ? kept(name, make) : undefined);
  return {
    motor(name) {
      const given = here(name, 'motor');
      return given ? kept(name, () => motorOf(given, access)) : virtual(name, () => new VirtualMotor(clock));
    },
    shutter(name, state) {
      const given = here(name, 'shutter');
      return given
        ? kept(name, () => new NodeShutter({ ...shutterOf(given), state }, fieldOf(given), access))
        : virtual(name, () => new VirtualShutter(state));
    },
    ionChamber(name) {
      const given = here(name, 'ion_chamber');
      const field = given && fieldOf(given);
      if (given) return { read: () => field?.readNumber() };
      return virtual(name, () => virtualIonChamber(random));
    },
    encoder(name) {
      const given = here(name, 'encoder');
      const field = given && fieldOf(given);
      if (!given) return virtual(name, () => new VirtualEncoder());
      return {
        get position() {
          return field?.readNumber();
        },
        set: () => false,
      };
    },
    string(name) {
      const given = here(name, 'string');
      const field = given && fieldOf(given);
      if (given) return field && new FieldString(field);
      return findMeshString(name) ?? virtual(name, () => new VirtualString());
    },
  };
}

function keep(): <Made>(name: string, make: () => Made) => Made {
  const made = new Map<string, unknown>();
  return <Made>(name: string, make: () => Made) => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name) as Made;
  };
}

function motorOf({ node = '', value, set, command, argument, within }: DcssDevice, access: HubAccess) {
  const field = value === undefined ? undefined : new HubField(access.hub, node, value);
  if (command !== undefined && argument !== undefined)
    return new CommandMotor({ device: node, command, argument }, field, access);
  const template = parseTemplate(set ?? '');
  return template && field ? new NodeMotor({ node, template, within }, field, access) : undefined;
}

function shutterOf({ node = '', open = '', closed = '' }: DcssDevice) {
  const nothing = Buffer.alloc(0);
  return { node, messages: { open: hexBytes(open) ?? nothing, closed: hexBytes(closed) ?? nothing } };
}

/** An operation that is a command of a device: its arguments in their order, its progress as updates. */
export function commandOperation({ node = '', command = '' }: DcssDevice, access: HubAccess): Operation {
  return (run) => {
    const { hub, follower } = access;
    const address = hub.picture.addressOf(node);
    const definition = hub.picture.findDevice(address ?? 0)?.commands.find(({ name }) => name === command);
    const given = Object.fromEntries(
      (definition?.arguments ?? []).flatMap(({ name, type }, index) => {
        const token = run.arguments[index];
        return token === undefined ? [] : [[name, argumentOf(token, type)]];
      }),
    );
    const delivery = commandTo(node, command, given, access);
    if (typeof delivery === 'string') {
      run.complete('error', delivery);
      return;
    }
    run.signal.addEventListener('abort', () => hub.commands.abort(delivery.id), { once: true });
    follower.follow(delivery, ({ stage, progress, result, failure, detail }) => {
      if (stage === 'progress') run.update(`progress ${progress?.fraction ?? ''} ${progress?.text ?? ''}`);
      else if (stage === 'completed')
        run.complete('normal', result === undefined ? '' : JSON.stringify(result));
      else if (stage === 'failed') run.complete('error', `${failure} ${detail ?? ''}`);
      else if (stage === 'aborted') run.complete('aborted', detail ?? '');
    });
  };
}

function argumentOf(token: string, type: string): number | string | boolean {
  if (type === 'number' || type === 'integer') return Number(token);
  return type === 'boolean' ? token === '1' || token === 'true' : token;
}

/** Throws `BAD_CONFIG` for a device that can't work. */
export function checkBinding(device: DcssDevice, index: number): void {
  const { kind, node, value, set, open, closed, command, argument } = device;
  const need = (setting: string, isGiven: boolean, why: string) => {
    if (!isGiven) throw badDcss(`device.${index}.${setting}`, why);
  };
  need('node', node !== undefined, 'is required, unless the device is that of a hardware server (dhs)');
  if (kind === 'motor' && command === undefined) {
    need(
      'set',
      parseTemplate(set ?? '') !== undefined,
      'must be hex bytes with one placeholder, such as "30 {f32le}"; or give command and argument',
    );
    need('value', value !== undefined, 'is required: it says when the motor has arrived');
  } else if (kind === 'motor') need('argument', argument !== undefined, 'is required with command');
  else if (kind === 'operation') need('command', command !== undefined, 'is required for an operation');
  else if (kind === 'shutter') {
    for (const [setting, message] of [
      ['open', open],
      ['closed', closed],
    ] as const)
      need(setting, (hexBytes(message ?? '')?.length ?? 0) > 0, 'must be the bytes of a message, in hex');
  } else need('value', value !== undefined, 'is required');
}
