/**
 * Field tests, run on an edge device by a tester's program.
 *
 *     I <name, 1 byte> <parameters>   prepares a test; the device answers with an empty Ack
 *     S                               starts it
 *     F                               ends it
 *
 * Test `D`: data updates at a given rate. `I D <updates per second, 1 byte>`; 0 = none.
 */

const PREPARE = 'I'.charCodeAt(0);
const START = 'S'.charCodeAt(0);
const FINISH = 'F'.charCodeAt(0);
const DATA_TEST = 'D'.charCodeAt(0);

/** Updates per second if the test gives no rate. */
const DEFAULT_RATE_HZ = 5;

export interface FieldTestHandlers {
  onPrepared(): void;
  /** Sets the updates per second; undefined restores the device's own rate. */
  onRate(rateHz: number | undefined): void;
}

export class FieldTest {
  readonly #handlers: FieldTestHandlers;
  #preparedRateHz: number | undefined;
  #started = false;

  constructor(handlers: FieldTestHandlers) {
    this.#handlers = handlers;
  }

  /** Handles the payload of a Test message; unknown ones are ignored. */
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

  /** Called when the device restarts. */
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
