/** The settings of a device of the kind `lines`. */
import * as z from 'zod';
import { flag, number, role, section, text, whole } from '../../config/fields.js';
import { baud } from '../../config/sections/link.js';
import { ARGUMENT_TYPES } from '../../hub/command-definition.js';
import { parsePortSpec } from '../../link/port-choice.js';
import { parseTcpAddress } from '../../link/tcp-address.js';
import { DERIVED_TYPE_IDS } from '../identity.js';

const PORT = 'must be a path such as /dev/ttyUSB1, usb:VID:PID[:SERIAL], or tcp:HOST:PORT';
const port = text(PORT).refine(
  (spec) => (/^tcp:/i.test(spec) ? parseTcpAddress(spec) : isPort(spec)) !== undefined,
  { error: PORT },
);

/** `auto` is for the root: it would take any serial bridge. */
function isPort(spec: string): true | undefined {
  const parsed = parsePortSpec(spec);
  return parsed && parsed.kind !== 'auto' ? true : undefined;
}

/** Bytes that end a line. */
const TERMINATOR = 'must have 1 to 8 characters';
const terminator = text(TERMINATOR).min(1, { error: TERMINATOR }).max(8, { error: TERMINATOR });

/** Longer patterns, and lines to send, are mistakes. */
const PATTERN = 'must be a regular expression of 1 to 1000 characters';
const pattern = text(PATTERN).min(1, { error: PATTERN }).max(1000, { error: PATTERN });
const LINE = 'must be a line of 1 to 1000 characters';
const line = text(LINE)
  .min(1, { error: LINE })
  .max(1000, { error: LINE })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line to send is one line
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: 'must have no control characters' });

const timeoutMs = whole(10, 600_000);

export const FIELD_TYPES = ['number', 'integer', 'hex', 'boolean', 'text', 'time'] as const;

const names = z.record(
  z.string().regex(/^-?\d{1,10}$/, { error: 'must be a whole number' }),
  text('must be a name').min(1, { error: 'must be a name' }).max(64, { error: 'must be shorter' }),
);

const finite = z.number({ error: 'must be a number' });

const field = section({
  /** The group, column, path or key; default: the field's own name. */
  from: text('must be text').max(200, { error: 'must be shorter' }).optional(),
  type: z.enum(FIELD_TYPES, { error: `must be one of ${FIELD_TYPES.join(', ')}` }).default('number'),
  unit: text('must be a unit').max(16, { error: 'must have at most 16 characters' }).optional(),
  scale: finite.refine((scale) => scale !== 0, { error: 'must not be 0' }).default(1),
  /** Of the printed number, before scaling; one outside is left out. */
  min: finite.optional(),
  max: finite.optional(),
  names: names.optional(),
});

const FIELD_NAME = 'must be 1 to 64 letters, digits, _ or -';
const fields = z
  .record(z.string().regex(/^[\w-]{1,64}$/, { error: FIELD_NAME }), field, {
    error: 'must be a table of fields',
  })
  .default({});

const sample = z.union(
  [
    z.string(),
    section({
      line: z.string(),
      fields: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
    }),
  ],
  { error: 'must be a line, or a table with line and fields' },
);

const TYPE_NAME = 'must be 2 to 64 printable ASCII characters without spaces';
const typeName = text(TYPE_NAME).regex(/^[\x21-\x7e]{2,64}$/, { error: TYPE_NAME });

/** How a line is read: exactly one of `regex`, `columns`, `json`, `key_value`. */
const reading = {
  type_id: whole(DERIVED_TYPE_IDS.first, DERIVED_TYPE_IDS.last).optional(),
  /** Values per second that reach clients and the history. */
  feed_rate: number(0.001, 1000, 'number').optional(),
  /** Lines that do not start with it are not of this message; it is cut off. */
  prefix: text('must be text').min(1, { error: 'must not be empty' }).optional(),
  regex: pattern.optional(),
  columns: z
    .array(text('must be the name of a column'), { error: 'must be a list of column names' })
    .min(1, { error: 'must not be empty' })
    .max(64, { error: 'must have at most 64 columns' })
    .optional(),
  json: flag.default(false),
  key_value: flag.default(false),
  separator: text('must be text').min(1, { error: 'must not be empty' }).default(','),
  equals: text('must be text').min(1, { error: 'must not be empty' }).default('='),
  /** The device prints a line of column names, which sets their order. */
  header: flag.default(false),
  fields,
  samples: z.array(sample, { error: 'must be a list of lines' }).default([]),
};

const message = section({ type: typeName, ...reading });

const poll = section({
  send: line,
  /** 0: once after each opening. */
  every_s: number(0, 86_400, 'number').default(0),
  timeout_ms: timeoutMs.default(1000),
  /** The type of the reply's values, with a way to read it; without, `reply` is only checked. */
  type: typeName.optional(),
  reply: pattern.optional(),
  ...reading,
});

const alarm = section({
  regex: pattern,
  code: text('must be a code')
    .min(1, { error: 'must not be empty' })
    .max(64, { error: 'must be shorter' })
    .optional(),
  text: text('must be text').max(200, { error: 'must be shorter' }).optional(),
  priority: z.enum(['high', 'medium', 'low'], { error: 'must be high, medium or low' }).default('medium'),
  /** A line that ends the condition. Without it, the alarm is over as soon as it is reported. */
  clear: pattern.optional(),
});

const argument = section({
  name: text('must be a name'),
  type: z.enum(ARGUMENT_TYPES, { error: `must be one of ${ARGUMENT_TYPES.join(', ')}` }).default('number'),
  summary: text('must be text').optional(),
  unit: text('must be a unit').optional(),
  min: finite.optional(),
  max: finite.optional(),
  choices: z.array(line, { error: 'must be a list of words' }).optional(),
  default: z.union([z.number(), z.string(), z.boolean()]).optional(),
});

const command = section({
  name: text('must be a name'),
  summary: text('must be text').default(''),
  send: z.union([line, z.array(line).min(1).max(32)], { error: 'must be a line, or a list of lines' }),
  arguments: z.array(argument, { error: 'must be a list of tables' }).default([]),
  /** The reply that completes it; its named groups are the result. Without it, it is complete when it is written. */
  reply: pattern.optional(),
  /** A reply that fails it; default: `error` of the device. */
  error: pattern.optional(),
  timeout_ms: timeoutMs.default(2000),
  hazardous: flag.default(false),
  role: role.exclude(['read']).default('send'),
});

export const linesSection = section({
  port,
  baud: baud.default(9600),
  data_bits: z.literal([7, 8], { error: 'must be 7 or 8' }).default(8),
  parity: z.enum(['none', 'even', 'odd'], { error: 'must be none, even or odd' }).default('none'),
  stop_bits: z.literal([1, 2], { error: 'must be 1 or 2' }).default(1),
  dtr: z.enum(['keep', 'on', 'off'], { error: 'must be keep, on or off' }).default('keep'),
  rts: z.enum(['keep', 'on', 'off'], { error: 'must be keep, on or off' }).default('keep'),
  terminator: terminator.default('\n'),
  /** Default: `terminator`. */
  send_terminator: terminator.optional(),
  encoding: z.enum(['utf8', 'latin1'], { error: 'must be utf8 or latin1' }).default('utf8'),
  max_line: whole(16, 4096).default(512),
  /** More lines per second are dropped. */
  max_rate: whole(1, 10_000).default(1000),
  /** Pause between lines to the device. */
  gap_ms: whole(0, 10_000).default(0),
  /** Default: 5 of the shortest polling intervals, at least 10 s; without polls, silence is not noticed. 0: never. */
  silent_after_s: whole(0, 86_400).optional(),
  error: pattern.optional(),
  init: z.array(line, { error: 'must be a list of lines' }).max(32, { error: 'must be shorter' }).default([]),
  message: z.array(message).max(64, { error: 'must be shorter' }).default([]),
  poll: z.array(poll).max(64, { error: 'must be shorter' }).default([]),
  alarm: z.array(alarm).max(64, { error: 'must be shorter' }).default([]),
  command: z.array(command).max(100, { error: 'must be shorter' }).default([]),
});

export type LinesTable = z.output<typeof linesSection>;
export type MessageTable = z.output<typeof message>;
export type PollTable = z.output<typeof poll>;
export type AlarmTable = z.output<typeof alarm>;
export type CommandTable = z.output<typeof command>;
export type FieldTable = z.output<typeof field>;
