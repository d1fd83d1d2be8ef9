/** From the settings to the device. */
import { badDataforge, type DataforgeSection, type Supply } from '../../config/sections/dataforge.js';
import { parseTcpAddress } from '../../link/tcp-address.js';
import type { DataType } from '../../protocol/data-types.js';
import { type MessageTemplate, parseTemplate } from '../../protocol/message-template.js';
import type { DeviceOptions } from '../device.js';
import { DailyFiles } from './daily-files.js';
import { HvDevice } from './hv-device.js';
import { NodeSource } from './node-source.js';
import { ScpiSource } from './scpi-source.js';
import { ServerSource } from './server-source.js';
import { VirtualSource } from './virtual-source.js';
import type { VoltageSource } from './voltage-source.js';

/** Throws `BAD_CONFIG`. */
export function createHvDevice(supply: Supply, section: DataforgeSection, options: DeviceOptions): HvDevice {
  const { hub, clock, log } = options;
  const { settle_s, poll_s, max_voltage: maxVoltage, tsv } = section;
  return new HvDevice({
    hub,
    clock,
    source: createSource(supply, section, options),
    settings: { settleMs: settle_s * 1000, pollMs: poll_s * 1000, maxVoltage },
    files: tsv === undefined ? undefined : new DailyFiles(tsv, supply.kind === 'virtual', log),
  });
}

function createSource(supply: Supply, section: DataforgeSection, options: DeviceOptions): VoltageSource {
  const { clock, random, links, hub } = options;
  switch (supply.kind) {
    case 'virtual':
      return new VirtualSource({ changeSpeed: section.change_speed, noise: section.noise }, clock, random);
    case 'scpi':
      return createScpi(section, options);
    case 'tcp': {
      const openLink = links.tcp(supply.address, 'hv');
      const limits = { maxMeta: section.max_meta, maxData: section.max_data };
      return new ServerSource({ openLink, clock, random, limits });
    }
    case 'node': {
      const { address } = supply;
      return new NodeSource({
        hub,
        clock,
        address,
        template: templateOf(section),
        ...nodeValueOf(section, hub),
      });
    }
  }
}

function createScpi(section: DataforgeSection, { clock, random, links }: DeviceOptions): ScpiSource {
  const open = (setting: 'meter' | 'calibrator') => {
    const address = parseTcpAddress(section[setting] ?? '');
    if (!address)
      throw badDataforge(setting, 'is required with device = "scpi", such as "tcp:192.168.1.20:5025"');
    return links.tcp(address, `hv-${setting}`);
  };
  const { scale_a: scaleA, scale_b: scaleB, divider } = section;
  if (scaleA === 0) throw badDataforge('scale_a', 'must not be 0');
  return new ScpiSource({
    openMeter: open('meter'),
    openCalibrator: open('calibrator'),
    clock,
    random,
    settings: { scaleA, scaleB, divider },
  });
}

function templateOf({ node_set: text }: DataforgeSection): MessageTemplate {
  const template = parseTemplate(text ?? '');
  if (template) return template;
  throw badDataforge(
    'node_set',
    'must be hex bytes with one placeholder, such as "30 {f32le}", with device = "node:…"',
  );
}

function nodeValueOf(
  { node_value: text = '' }: DataforgeSection,
  { tables }: DeviceOptions['hub'],
): { readonly type: DataType; readonly field: string } {
  const end = text.lastIndexOf('.');
  const [name, field] = [text.slice(0, end), text.slice(end + 1)];
  const type = tables.dataTypes.findByName(name);
  const isKnown = type && (type.json !== undefined || type.fields.some((known) => known.name === field));
  if (isKnown) return { type, field };
  throw badDataforge(
    'node_value',
    `"${text}" is not a field of a data type; with device = "node:…", it must be, such as "Battery.voltage"`,
  );
}
