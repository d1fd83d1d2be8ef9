/**
 * Field tests, as a tester's program runs them on an edge device.
 *
 *     I <name, 1 byte> <parameters>   prepares a test; the device answers with an empty Ack
 *     S                               starts it
 *     F                               ends it
 *
 * Test `D`: data updates at a rate. `I D <updates a second, 1 byte>`; 0 is none at all.
 */

const PREPARE = 'I'.charCodeAt(0);
const START = 'S'.charCodeAt(0);
const FINISH = 'F'.charCodeAt(0);
const DATA_TEST = 'D'.charCodeAt(0);

/** Updates a second where the test names no rate. */
const DEFAULT_RATE_HZ = 5;

export interface FieldTestHandlers {
  onPrepared(): void;
  /** Updates a second from now on; undefined is the device's own rate again. */
  onRate(rateHz: number | undefined): void;
}

export class FieldTest {
  readonly #handlers: FieldTestHandlers;
  #preparedRateHz: number | undefined;
  #started = false;

  constructor(handlers: FieldTestHandlers) {
    this.#handlers = handlers;
  }

  /** What stands behind the opcode of a Test message. What it does not know it ignores. */
  take(payload: Buffer): void {
    switch (payload[0]) {
      case PREPARE:
        this.#preparedRateHz = payload[1] === DATA_TEST ? (payload[2] ?? DEFAULT_RATE_HZ) : undefined;
        this.#handlers.onPrepared();
        break;
      case START:
        this.#start();
        break;
      case FINISH:
        this.#finish();
        break;
    }
  }

  /** The device has lost its memory. */
  forget(): void {
    this.#preparedRateHz = undefined;
    this.#started = false;
  }

  #start(): void {
    if (this.#preparedRateHz === undefined || this.#started) return;
    this.#started = true;
    this.#handlers.onRate(this.#preparedRateHz);
  }

  #finish(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#handlers.onRate(undefined);
  }
}
