/** The serial port of the root, and the limits for sending. */
import * as z from 'zod';
import { parsePortSpec } from '../../link/port-choice.js';
import { section, text, whole } from '../fields.js';

const PORT_SPEC = 'must be auto, a path such as /dev/ttyUSB0, or usb:VID:PID[:SERIAL]';
export const portSpec = text(PORT_SPEC).refine((spec) => parsePortSpec(spec) !== undefined, {
  error: PORT_SPEC,
});

export const baud = whole(300, 4_000_000);

const line = z.enum(['keep', 'on', 'off'], { error: 'must be keep, on or off' });

export const serialSection = section({
  /** DTR and RTS reset many ESP32 boards; `keep` does not change them. */
  dtr: line.default('keep'),
  rts: line.default('keep'),
  open_timeout_ms: whole(100, 60_000).default(5000),
  write_timeout_ms: whole(100, 60_000).default(5000),
  max_body: whole(32, 65_536).default(2048),
  frame_timeout_ms: whole(10, 60_000).default(500),
  /** Maximum encoded bytes sent in any window; 0 disables pacing. */
  pace_bytes: whole(0, 1_000_000).default(1000),
  pace_window_ms: whole(10, 60_000).default(1000),
  /** Maximum number of commands waiting to be written. */
  queue: whole(1, 65_536).default(256),
});

interface LinkConfig {
  readonly serial: z.output<typeof serialSection>;
  readonly baud: number;
}

export function uartSettings({ serial, baud }: LinkConfig) {
  return {
    maxBodyLength: serial.max_body,
    openFrameTimeoutMs: serial.frame_timeout_ms,
    queueLimit: serial.queue,
    pacing: { bytes: serial.pace_bytes, windowMs: serial.pace_window_ms },
    baud,
  };
}
