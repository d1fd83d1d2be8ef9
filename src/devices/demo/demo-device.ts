import { type CancelTimer, every } from '../../base/clock.js';
import type { CommandDefinition } from '../../hub/command-definition.js';
import type { CommandRun } from '../../hub/device-commands.js';
import type { Source } from '../../hub/source.js';
import type { DataField, DataType } from '../../protocol/data-types.js';
import type { Device } from '../device.js';
import { type DeviceTable, type ListedOptions, openListedSource } from '../device-list.js';
import { thermalPicture } from './thermal-picture.js';
import { type Measured, VirtualSupply } from './virtual-supply.js';

const f32 = (name: string, unit: string, offset: number): DataField => ({
  name,
  type: 'f32',
  littleEndian: true,
  size: 4,
  offset,
  scale: 1,
  unit,
});

const STATE_NAMES = { '0': 'OFF', '1': 'CONSTANT_VOLTAGE', '2': 'OVERHEATED' };

const SUPPLY: DataType = {
  name: 'DemoSupply',
  id: 0x0f00,
  length: 13,
  varying: false,
  fields: [
    f32('voltage', 'V', 0),
    f32('current', 'A', 4),
    f32('temperature', '°C', 8),
    { name: 'state', type: 'u8', littleEndian: true, size: 1, offset: 12, scale: 1, names: STATE_NAMES },
  ],
  feedRate: 50,
};

const PICTURE: DataType = {
  name: 'DemoPicture',
  id: 0x0f01,
  length: 16_384,
  varying: true,
  fields: [],
  latestOnly: { mediaType: 'image/png' },
};

const VOLTAGE = { name: 'voltage', type: 'number', unit: 'V', min: 0, max: 30 } as const;

const COMMANDS: readonly CommandDefinition[] = [
  { name: 'set-voltage', summary: 'Set the output voltage', arguments: [VOLTAGE], isHazardous: true },
  {
    name: 'ramp',
    summary: 'Change the output voltage slowly',
    arguments: [VOLTAGE, { name: 'seconds', type: 'number', unit: 's', min: 1, max: 60, default: 10 }],
    isHazardous: true,
    isAbortable: true,
  },
  { name: 'reset', summary: 'Return to the state after power-on', arguments: [] },
];

const RAMP_STEP_MS = 250;
/** Pictures of one round of the hot spot. */
const PICTURES_PER_ROUND = 12;
const OVER_TEMPERATURE = 'OVER_TEMPERATURE';

export interface DemoTable extends DeviceTable {
  readonly rate_hz: number;
  readonly picture_s: number;
}

interface Ramp {
  readonly run: CommandRun;
  readonly cancel: CancelTimer;
}

export class DemoDevice implements Device {
  readonly name: string;
  readonly #options: ListedOptions;
  readonly #table: DemoTable;
  readonly #source: Source;
  readonly #address: number;
  readonly #supply: VirtualSupply;
  readonly #counts = { values: 0, pictures: 0 };
  #ramp: Ramp | undefined;
  #isAlarmed = false;
  #timers: readonly CancelTimer[] = [];

  constructor(table: DemoTable, options: ListedOptions) {
    this.name = table.id;
    this.#options = options;
    this.#table = table;
    this.#supply = new VirtualSupply(options.random);
    const { source, address } = openListedSource({ description: 'Virtual power supply', ...table }, options, {
      kind: 'demo',
      types: [SUPPLY, PICTURE],
      facts: { commands: COMMANDS },
      counters: () => ({ device: { [this.name]: { ...this.#counts } } }),
      onCommand: (run) => this.#onCommand(run),
    });
    this.#source = source;
    this.#address = address;
  }

  start(): void {
    const { clock } = this.#options;
    const { rate_hz, picture_s } = this.#table;
    this.#source.setLink({ state: 'up', since: clock.now(), name: 'virtual instrument' });
    const seconds = 1 / rate_hz;
    this.#timers = [
      every(clock, seconds * 1000, () => this.#tick(seconds)),
      ...(picture_s > 0 ? [every(clock, picture_s * 1000, () => this.#takePicture())] : []),
    ];
    this.#report(this.#supply.measure());
    if (picture_s > 0) this.#takePicture();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#endRamp();
    this.#source.close();
  }

  #tick(seconds: number): void {
    this.#supply.advance(seconds);
    this.#report(this.#supply.measure());
    this.#checkTemperature();
  }

  #report({ voltage, current, temperature, state }: Measured): void {
    const bytes = Buffer.alloc(SUPPLY.length);
    for (const [index, value] of [voltage, current, temperature].entries())
      bytes.writeFloatLE(Math.round(value * 1000) / 1000, index * 4);
    bytes[12] = state;
    this.#counts.values++;
    this.#source.report(this.#address, SUPPLY, bytes);
  }

  #checkTemperature(): void {
    const { isTooHot, temperature } = this.#supply;
    if (isTooHot === this.#isAlarmed) return;
    this.#isAlarmed = isTooHot;
    const text = `the supply is too hot: ${temperature.toFixed(1)} °C`;
    if (isTooHot)
      this.#source.raiseAlarm(this.#address, { code: OVER_TEMPERATURE, priority: 'medium', text });
    else this.#source.clearAlarm(this.#address, OVER_TEMPERATURE);
  }

  #takePicture(): void {
    const phase = (this.#counts.pictures++ % PICTURES_PER_ROUND) / PICTURES_PER_ROUND;
    this.#source.report(this.#address, PICTURE, thermalPicture(this.#supply.temperature, phase));
  }

  #onCommand(run: CommandRun): void {
    this.#endRamp();
    run.accept();
    if (run.name === 'ramp') {
      this.#startRamp(run);
      return;
    }
    if (run.name === 'reset') this.#supply.reset();
    else this.#supply.set(Number(run.arguments.voltage));
    this.#checkTemperature();
    run.complete({ voltage: this.#supply.voltage });
  }

  /** The output changes in steps; one that is aborted stays where it is. */
  #startRamp(run: CommandRun): void {
    const from = this.#supply.voltage;
    const to = Number(run.arguments.voltage);
    const steps = Math.max(1, Math.round((Number(run.arguments.seconds) * 1000) / RAMP_STEP_MS));
    let step = 0;
    const cancel = every(this.#options.clock, RAMP_STEP_MS, () => {
      const fraction = ++step / steps;
      const voltage = from + (to - from) * fraction;
      this.#supply.set(voltage);
      run.progress({ fraction, text: `${voltage.toFixed(2)} V` });
      if (step < steps) return;
      this.#ramp = undefined;
      cancel();
      run.complete({ voltage: to });
    });
    this.#ramp = { run, cancel };
    run.signal.addEventListener('abort', () => this.#onAborted(run), { once: true });
  }

  #onAborted(run: CommandRun): void {
    if (this.#ramp?.run !== run) return;
    this.#ramp.cancel();
    this.#ramp = undefined;
    run.aborted();
  }

  /** Another command, or the end. */
  #endRamp(): void {
    const ramp = this.#ramp;
    this.#ramp = undefined;
    ramp?.cancel();
    ramp?.run.fail('rejectedByDevice', 'replaced by another command');
  }
}
