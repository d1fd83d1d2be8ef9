/** The section `[[device]]`: a list of tables, each of one kind. */
import * as z from 'zod';
import { errorText } from '../base/errors.js';
import { section, text, whole } from '../config/fields.js';
import type { CounterMetric } from '../hub/manifest.js';
import type { DeviceFacts, Source, SourceOptions } from '../hub/source.js';
import type { DataType } from '../protocol/data-types.js';
import { badDeviceSetting, type Device, type DeviceManifest, type DeviceOptions } from './device.js';
import { addressOfId, DERIVED_ADDRESSES } from './identity.js';

/** The settings of every kind. */
const common = {
  id: text('must be an id such as bench or hv:1'),
  address: whole(DERIVED_ADDRESSES.first, 0xffff_ffff).optional(),
  description: text('must be text').max(200, { error: 'must have at most 200 characters' }).optional(),
};

export interface DeviceTable {
  readonly id: string;
  readonly address?: number | undefined;
  readonly description?: string | undefined;
}

/** What `create` gets besides its table. */
export interface ListedOptions extends DeviceOptions {
  /** Of the table, for errors: `device.0`. */
  readonly place: string;
}

/** One kind of device in `[[device]]`; `settings`: those besides `kind`, `id`, `address` and `description`. */
export interface DeviceKind<Settings extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  readonly settings: Settings;
  /** The serial port in its settings. */
  serialPort?(table: z.output<Settings>): string | undefined;
  /** Loads its code. Rejects with `BAD_CONFIG` for settings that cannot work. */
  create(table: z.output<Settings> & DeviceTable, options: ListedOptions): Promise<Device>;
}

/** Returns the kind unchanged; checks at compile time that `create` accepts what `settings` yields. */
export function defineKind<Settings extends z.ZodObject>(kind: DeviceKind<Settings>): DeviceKind<Settings> {
  return kind;
}

type KindTable = Record<string, unknown> & DeviceTable & { readonly kind: string };

export function deviceList(
  name: string,
  kinds: readonly DeviceKind[],
  metrics: readonly CounterMetric[],
): DeviceManifest {
  return {
    name,
    settings: listSchema(kinds),
    metrics,
    serialPorts: (tables) =>
      (tables as readonly KindTable[]).flatMap((table) => {
        const kind = kinds.find((candidate) => candidate.kind === table.kind);
        const port = kind?.serialPort?.(table);
        return port === undefined ? [] : [{ user: table.id, port }];
      }),
    async create(tables, options) {
      const devices: Device[] = [];
      for (const [index, table] of (tables as readonly KindTable[]).entries()) {
        const kind = kinds.find((candidate) => candidate.kind === table.kind);
        if (kind) devices.push(await kind.create(table, { ...options, place: `${name}.${index}` }));
      }
      return devices;
    },
  };
}

function listSchema(kinds: readonly DeviceKind[]): z.ZodArray<z.ZodType<object>> {
  const [first, ...others] = kinds.map(({ kind, settings }) =>
    settings.extend({ kind: z.literal(kind), ...common }),
  );
  if (!first) return z.array(section({}));
  const error = `must be ${kinds.map(({ kind }) => kind).join(' or ')}`;
  const table: z.ZodType<object> = z.discriminatedUnion('kind', [first, ...others], { error });
  return z
    .array(table, { error: 'must be a list of tables [[device]] with id and kind' })
    .superRefine((tables, context) => refuseTwins(tables as readonly DeviceTable[], context));
}

/** Two tables with one id or address. */
function refuseTwins(tables: readonly DeviceTable[], context: z.RefinementCtx): void {
  const ids = new Set<string>();
  const idsByAddress = new Map<number, string>();
  for (const [index, { id, address = addressOfId(id) }] of tables.entries()) {
    const issue = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [index, key], message });
    const other = idsByAddress.get(address);
    if (ids.has(id.toLowerCase())) issue('id', 'another device has this id (case is ignored)');
    else if (other !== undefined)
      issue('id', `has the same address as ${other}; give one of them an address`);
    ids.add(id.toLowerCase());
    idsByAddress.set(address, id);
  }
}

export interface ListedSource extends Omit<SourceOptions, 'name'> {
  readonly types: readonly DataType[];
  readonly facts: DeviceFacts;
}

/** The source of one table, with its only device. Throws `BAD_CONFIG`. */
export function openListedSource(
  { id, address = addressOfId(id), description }: DeviceTable,
  { hub, place }: ListedOptions,
  { types, facts, ...options }: ListedSource,
): { readonly source: Source; readonly address: number } {
  try {
    const source = hub.openSource({ ...options, name: id });
    source.declare(types);
    source.addDevice(address, id, { ...facts, ...(description !== undefined && { description }) });
    return { source, address };
  } catch (error) {
    throw badDeviceSetting(`${place}.id`, id, errorText(error));
  }
}
