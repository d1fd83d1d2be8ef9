/**
 * Who did what can't be undone, or takes the port from everybody: every command of the role admin, with its outcome.
 *
 * One line of the log each, and one JSON object a line in a file. Node can't ask the kernel for the process or the user
 * behind a connection (SO_PEERCRED), so the socket stands for who it was: its mode and group say who could have been.
 */
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import * as z from 'zod';
import type { Clock } from '../base/clock.js';
import { errorText, systemErrorCode } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { ROLES } from '../config/role.js';

export const auditEntryShape = z.object({
  at: z.number().describe('ms since the epoch, host clock'),
  client: z.string().describe('the connection, as logs call it'),
  via: z.string().describe('the socket that it came by'),
  role: z.enum(ROLES).describe('of that socket'),
  action: z.string().describe('the method, or the command of the classic dialect'),
  outcome: z.string().describe('done, or why not'),
});

export type AuditEntry = z.output<typeof auditEntryShape>;

/** Who asks. */
export type AuditOrigin = Pick<AuditEntry, 'client' | 'via' | 'role'>;

/** Entries that are held in memory. */
const MAX_HELD = 1000;
/** Bytes of a file; the one before is kept beside it. */
const MAX_FILE_LENGTH = 1_048_576;

export class AuditTrail {
  readonly #clock: Clock;
  readonly #log: Log;
  #file: string | undefined;
  #makeDirectory: () => void = () => {};
  /** The file has what this process holds. */
  #isInFile = false;
  #entries: AuditEntry[] = [];
  #recorded = 0;
  #notWritten = 0;
  #forbidden = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Goes on with what earlier runs have left in this file, and writes to it. `makeDirectory`: where it has gone. */
  keepIn(file: string, makeDirectory: () => void = () => {}): void {
    this.#file = file;
    this.#makeDirectory = makeDirectory;
    this.#isInFile = lengthOf(file) > 0;
    this.#entries = [...readEntries(previous(file)), ...readEntries(file)].slice(-MAX_HELD);
  }

  record(origin: AuditOrigin, action: string, outcome: string): void {
    const { client, via, role } = origin;
    const entry: AuditEntry = { at: this.#clock.now(), client, via, role, action, outcome };
    this.#recorded++;
    this.#entries.push(entry);
    if (this.#entries.length > MAX_HELD) this.#entries.shift();
    this.#log.info(`${action} by ${client} on ${via}: ${outcome}`, `audit ${action} ${outcome}`);
    this.#write(entry);
  }

  /** Somebody asked for more than the role allows. Not in the file: whoever may do little could fill it. */
  forbid({ client, via, role }: AuditOrigin, action: string): void {
    this.#forbidden++;
    this.#log.warn('forbidden', `${action} by ${client} on ${via}: not permitted to the role ${role}`);
  }

  /** The newest last. */
  last(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit);
  }

  counters() {
    return { recorded: this.#recorded, notWritten: this.#notWritten, forbidden: this.#forbidden };
  }

  #onGone(file: string): void {
    const held = this.#entries.length;
    this.#log.warn('audit gone', `${file} was removed; a new one has the last ${held} entries`);
  }

  /** At once: what follows may be the end of the network. */
  #write(entry: AuditEntry): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      const length = lengthOf(file);
      const isGone = this.#isInFile && length === 0;
      if (length === 0) this.#makeDirectory();
      if (isGone) this.#onGone(file);
      else if (length > MAX_FILE_LENGTH) renameSync(file, previous(file));
      const entries = isGone ? this.#entries : [entry];
      appendFileSync(file, entries.map((each) => `${JSON.stringify(each)}\n`).join(''), { mode: 0o640 });
      this.#isInFile = true;
    } catch (error) {
      this.#notWritten++;
      this.#log.warn('audit', `the audit could not be written: ${errorText(error)}`);
    }
  }
}

function previous(file: string): string {
  return `${file}.1`;
}

function lengthOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return 0;
  }
}

/** A line that is none (a power cut) is left out. */
function readEntries(file: string): AuditEntry[] {
  return readLines(file).flatMap((line) => readAuditLine(line) ?? []);
}

function readLines(file: string): string[] {
  try {
    return lengthOf(file) > 2 * MAX_FILE_LENGTH ? [] : readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** An entry that a line holds; undefined when it holds none. */
export function readAuditLine(line: string): AuditEntry | undefined {
  try {
    return auditEntryShape.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
