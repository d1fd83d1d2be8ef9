/** The supply as a device of the hub: `hv:1`. */
import type { Clock } from '../../base/clock.js';
import type { CommandRun } from '../../hub/device-commands.js';
import type { GatewayHub } from '../../hub/gateway-hub.js';
import type { Source } from '../../hub/source.js';
import type { Device } from '../device.js';
import type { DailyFiles } from './daily-files.js';
import { type HvCommand, HvManager, type HvManagerSettings } from './hv-manager.js';
import { HV_ADDRESS, HV_ID, hvCommands, SETPOINT, VOLTAGE, voltBytes } from './hv-types.js';
import { SupplyError, type VoltageSource } from './voltage-source.js';
import { Aborted } from './waiting.js';

export interface HvDeviceOptions {
  readonly hub: GatewayHub;
  readonly clock: Clock;
  readonly source: VoltageSource;
  readonly settings: HvManagerSettings;
  readonly files: DailyFiles | undefined;
}

export class HvDevice implements Device {
  readonly name = 'hv';
  readonly #options: HvDeviceOptions;
  readonly #manager: HvManager;
  readonly #source: Source;

  constructor(options: HvDeviceOptions) {
    const { hub, source, clock, settings, files } = options;
    this.#options = options;
    this.#manager = new HvManager({
      source,
      clock,
      settings,
      onStatus: (status) => this.#source.setLink(status),
      onReading: (volts) => this.#onReading(volts),
      onSetpoint: (volts) => this.#source.report(HV_ADDRESS, SETPOINT, voltBytes(volts)),
    });
    this.#source = hub.openSource({
      name: this.name,
      kind: 'dataforge',
      counters: () => ({
        dataforge: { ...this.#manager.counters(), ...(files && { tsv: files.counters() }) },
      }),
      onCommand: (run) => void this.#carryOut(run),
    });
    this.#source.declare([VOLTAGE, SETPOINT]);
    const commands = hvCommands(settings.maxVoltage);
    this.#source.addDevice(HV_ADDRESS, HV_ID, { description: source.description, commands });
  }

  start(): void {
    this.#manager.start();
  }

  async stop(): Promise<void> {
    await this.#manager.stop();
    this.#source.close();
    await this.#options.files?.close();
  }

  #onReading(volts: number): void {
    this.#source.report(HV_ADDRESS, VOLTAGE, voltBytes(volts));
    this.#options.files?.add(this.#options.clock.now(), volts);
  }

  async #carryOut(run: CommandRun): Promise<void> {
    const onWaiting = (text: string) => run.progress({ text });
    try {
      const result = this.#manager.begin(commandOf(run), { signal: run.signal, onWaiting });
      run.accept();
      run.complete(await result);
    } catch (error) {
      if (error instanceof Aborted) run.aborted();
      else if (error instanceof SupplyError) run.fail(error.failure, error.message);
      else run.fail('deviceFault', String(error));
    }
  }
}

function commandOf({ arguments: { voltage, max_error: maxError, timeout } }: CommandRun): HvCommand {
  const check =
    maxError === undefined || timeout === undefined
      ? undefined
      : { maxErrorVolts: Number(maxError), timeoutMs: Number(timeout) * 1000 };
  return { volts: Number(voltage), check };
}
