/** Commands under way at a hardware server: moves, operations, and what is answered by one message. */
import type { FromHardware } from '../../codecs/dcss/from-hardware.js';
import { writeToHardware } from '../../codecs/dcss/to-hardware.js';
import type { DcssDevice } from '../../config/sections/dcss.js';
import type { CommandRun } from '../../hub/device-commands.js';

interface Running {
  readonly run: CommandRun;
  /** Of a move: where from and to. */
  readonly from: number;
  readonly to: number;
}

export class HardwareRuns {
  readonly #send: (text: string) => boolean;
  readonly #positionOf: (device: string) => number | undefined;
  /** By what the answer names: `move phi`, `1.4`. */
  readonly #running = new Map<string, Running>();
  #handles = 0;

  constructor(send: (text: string) => boolean, positionOf: (device: string) => number | undefined) {
    this.#send = send;
    this.#positionOf = positionOf;
  }

  /** `device`: undefined for the hardware server itself. */
  begin(run: CommandRun, device: DcssDevice | undefined): void {
    if (!device && run.name === 'abort-all') this.#abortAll(run);
    else if (!device) this.#startOperation(run);
    else if (device.kind === 'motor' && run.name === 'move') this.#move(run, device.name);
    else this.#ask(run, device);
  }

  onMessage(message: FromHardware): void {
    switch (message.name) {
      case 'htos_motor_move_started':
        this.#running.get(`move ${message.device}`)?.run.accept();
        return;
      case 'htos_update_motor_position':
        this.#onPosition(message.device, message.position);
        return;
      case 'htos_motor_move_completed':
        this.#end(`move ${message.device}`, message.status, { position: message.position });
        return;
      case 'htos_operation_update':
        this.#running.get(message.handle)?.run.progress({ text: message.text });
        return;
      case 'htos_operation_completed':
        this.#end(message.handle, message.status, { text: message.text }, message.text);
        return;
      case 'htos_report_shutter_state':
        this.#end(`set ${message.device}`, message.result ?? 'normal', { state: message.state });
        return;
      case 'htos_set_string_completed':
        this.#end(`set ${message.device}`, message.status, { contents: message.contents });
        return;
      case 'htos_get_encoder_completed':
        this.#end(`read ${message.device}`, message.status, { position: message.position });
        return;
      case 'htos_set_encoder_completed':
        this.#end(`set ${message.device}`, message.status, { position: message.position });
    }
  }

  /** `counts`: undefined if the channel has failed with `text`. */
  onReading(channel: string, counts: number | undefined, text: string): void {
    this.#end(`read ${channel}`, counts === undefined ? text : 'normal', { counts: counts ?? 0 });
  }

  /** The hub has ended them. */
  forgetAll(): void {
    this.#running.clear();
  }

  #move(run: CommandRun, device: string): void {
    const to = Number(run.arguments.position);
    const text = writeToHardware({ name: 'stoh_start_motor_move', device, destination: String(to) });
    const abort = writeToHardware({ name: 'stoh_abort_motor_move', device, how: 'soft' });
    this.#start(`move ${device}`, { run, from: this.#positionOf(device) ?? 0, to }, text, abort);
  }

  #startOperation(run: CommandRun): void {
    const handle = `1.${++this.#handles}`;
    const given = String(run.arguments.arguments ?? '');
    const text = writeToHardware({
      name: 'stoh_start_operation',
      device: run.name,
      handle,
      arguments: given,
    });
    const abort = writeToHardware({ name: 'stoh_stop_operation', device: run.name });
    if (this.#start(handle, { run, from: 0, to: 0 }, text, abort)) run.accept();
  }

  #abortAll(run: CommandRun): void {
    const how = run.arguments.how === 'hard' ? 'hard' : 'soft';
    run.accept();
    if (this.#send(writeToHardware({ name: 'stoh_abort_all', how }))) run.complete();
    else run.fail('linkLost');
  }

  /** One message, one answer; a position that is defined has none of its own. */
  #ask(run: CommandRun, { kind, name: device }: DcssDevice): void {
    const position = Number(run.arguments.position);
    if (kind === 'motor') {
      run.accept();
      if (this.#send(writeToHardware({ name: 'stoh_set_motor_position', device, position }))) run.complete();
      else run.fail('linkLost');
      return;
    }
    const text = this.#questionOf(run, kind, device);
    if (text !== undefined && this.#start(`${run.name} ${device}`, { run, from: 0, to: 0 }, text))
      run.accept();
  }

  #questionOf(run: CommandRun, kind: DcssDevice['kind'], device: string): string | undefined {
    const { position, state, contents, seconds } = run.arguments;
    if (kind === 'shutter')
      return writeToHardware({
        name: 'stoh_set_shutter_state',
        device,
        state: state === 'open' ? 'open' : 'closed',
      });
    if (kind === 'string')
      return writeToHardware({ name: 'stoh_set_string', device, contents: String(contents) });
    if (kind === 'ion_chamber')
      return writeToHardware({
        name: 'stoh_read_ion_chambers',
        seconds: Number(seconds),
        repeat: false,
        channels: [device],
      });
    if (kind !== 'encoder') return undefined;
    return run.name === 'read'
      ? writeToHardware({ name: 'stoh_get_encoder', device })
      : writeToHardware({ name: 'stoh_set_encoder', device, position: Number(position) });
  }

  /** One that the hub has ended makes room for the next. */
  #start(key: string, running: Running, text: string, abort?: string): boolean {
    const { run } = running;
    if (this.#running.get(key)?.run.signal.aborted === false) run.fail('rejectedByDevice', 'busy');
    else if (!this.#send(text)) run.fail('rejectedByDevice', 'the message is too long for the protocol');
    else {
      this.#running.set(key, running);
      run.signal.addEventListener('abort', () => this.#onAborted(key, running, abort), { once: true });
      return true;
    }
    return false;
  }

  #onAborted(key: string, running: Running, abort: string | undefined): void {
    if (this.#running.get(key) === running && abort !== undefined) this.#send(abort);
  }

  #onPosition(device: string, position: number): void {
    const { run, from, to } = this.#running.get(`move ${device}`) ?? {};
    if (!run || from === undefined || to === undefined) return;
    const fraction = to === from ? 1 : Math.min(1, Math.max(0, (position - from) / (to - from)));
    run.progress({ fraction, text: `at ${position}` });
  }

  #end(key: string, status: string, result: Readonly<Record<string, unknown>>, detail = ''): void {
    const { run } = this.#running.get(key) ?? {};
    this.#running.delete(key);
    if (status === 'normal') run?.complete(result);
    else if (status === 'aborted' && run?.signal.aborted) run.aborted();
    else run?.fail('rejectedByDevice', `${status} ${detail}`.trim());
  }
}
