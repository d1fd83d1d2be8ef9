/** The camera of a loop detection as a device: its images, and a command that receives a number of them. */
import type { CancelTimer } from '../../base/clock.js';
import { errorText } from '../../base/errors.js';
import { CAMERA_ID, type DcssSection, mayConnect, tcpAddressOf } from '../../config/sections/dcss.js';
import type { CommandDefinition } from '../../hub/command-definition.js';
import type { CommandRun } from '../../hub/device-commands.js';
import type { Source } from '../../hub/source.js';
import type { Device, DeviceOptions } from '../device.js';
import { addressOfId } from '../identity.js';
import { ImageReceiver, type ReceivedImage } from './image-receiver.js';
import { IMAGES } from './types.js';

/** Between images, and before the first. */
const SILENCE_MS = 30_000;
const LISTEN_AGAIN_MS = 5000;
const MAX_IMAGES = 10_000;

interface Receiving {
  readonly run: CommandRun;
  readonly wanted: number;
  received: number;
  cancelSilence: CancelTimer;
}

export class CameraDevice implements Device {
  readonly name = CAMERA_ID;
  readonly #options: DeviceOptions;
  readonly #section: DcssSection;
  readonly #source: Source;
  readonly #address = addressOfId(CAMERA_ID);
  readonly #receiver: ImageReceiver;
  #receiving: Receiving | undefined;
  #cancelListen: CancelTimer = () => {};
  #isStopped = false;

  constructor(section: DcssSection, options: DeviceOptions) {
    const { hub, clock } = options;
    this.#section = section;
    this.#options = options;
    this.#receiver = new ImageReceiver({
      clock,
      ...tcpAddressOf(section.jpeg_listen),
      mayConnect: (remote) => mayConnect(remote, section.allow),
      kept: section.images,
      onImage: (image) => this.#onImage(image),
    });
    this.#source = hub.openSource({
      name: CAMERA_ID,
      kind: 'dcss',
      counters: () => ({ dcss: { camera: this.#receiver.counters() } }),
      onCommand: (run) => this.#onCommand(run),
    });
    this.#source.declare(Object.values(IMAGES));
    const commands = [receiveCommand(section.frames)];
    this.#source.addDevice(this.#address, CAMERA_ID, {
      description: 'Camera of the loop detection',
      commands,
    });
  }

  start(): void {
    this.#source.setLink({ state: 'up', since: this.#options.clock.now(), name: this.#section.jpeg_listen });
    if (this.#section.jpeg_always) this.#keepListening();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelListen();
    this.#end((run) => run.fail('linkLost', 'the gateway is stopping'));
    this.#receiver.close();
    this.#source.close();
  }

  #keepListening(): void {
    const { clock, log } = this.#options;
    this.#receiver.open().then(
      (port) => log.info(`receiving images on port ${port}`),
      (error: unknown) => {
        if (this.#isStopped) return;
        log.warn('listen', `can't receive images on ${this.#section.jpeg_listen}: ${errorText(error)}`);
        this.#cancelListen = clock.after(LISTEN_AGAIN_MS, () => this.#keepListening());
      },
    );
  }

  #onCommand(run: CommandRun): void {
    if (this.#receiving) {
      run.fail('rejectedByDevice', 'busy');
      return;
    }
    const receiving = { run, wanted: Number(run.arguments.images), received: 0, cancelSilence: () => {} };
    this.#receiving = receiving;
    run.signal.addEventListener('abort', () => this.#onAborted(run), { once: true });
    if (this.#receiver.isOpen) this.#begin(receiving);
    else
      this.#receiver.open().then(
        () => this.#begin(receiving),
        (error: unknown) => {
          if (this.#receiving === receiving)
            this.#end(() =>
              run.fail('deviceFault', `can't listen on ${this.#section.jpeg_listen}: ${errorText(error)}`),
            );
        },
      );
  }

  #begin(receiving: Receiving): void {
    if (this.#receiving !== receiving) {
      this.#closeUnlessAlways();
      return;
    }
    receiving.run.accept();
    this.#awaitImage(receiving);
  }

  #awaitImage(receiving: Receiving): void {
    receiving.cancelSilence();
    receiving.cancelSilence = this.#options.clock.after(SILENCE_MS, () =>
      this.#end((run) => run.fail('deviceFault', `no_image for ${SILENCE_MS / 1000} s`)),
    );
  }

  #onImage({ bytes, mediaType }: ReceivedImage): void {
    this.#source.report(this.#address, IMAGES[mediaType], bytes);
    const receiving = this.#receiving;
    if (!receiving) return;
    receiving.received++;
    const { received, wanted } = receiving;
    if (received >= wanted) this.#end((run) => run.complete({ images: received }));
    else {
      receiving.run.progress({ fraction: received / wanted, text: `${received} images` });
      this.#awaitImage(receiving);
    }
  }

  #onAborted(run: CommandRun): void {
    if (this.#receiving?.run === run) this.#end(() => run.aborted());
  }

  #end(finish: (run: CommandRun) => void): void {
    const receiving = this.#receiving;
    if (!receiving) return;
    this.#receiving = undefined;
    receiving.cancelSilence();
    this.#closeUnlessAlways();
    finish(receiving.run);
  }

  #closeUnlessAlways(): void {
    if (!this.#section.jpeg_always) this.#receiver.close();
  }
}

function receiveCommand(frames: number): CommandDefinition {
  return {
    name: 'receive',
    summary: 'Receive images from the camera',
    arguments: [{ name: 'images', type: 'integer', min: 1, max: MAX_IMAGES, default: frames }],
    isAbortable: true,
  };
}
