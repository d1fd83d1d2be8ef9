/**
 * The audit trail: every command that needs the role admin, with its outcome. Such commands can't be undone, or take
 * the port away from all clients.
 *
 * Each entry is one line in the log and one line of JSON in a file. Node can't ask the kernel for the process or user at
 * the other end (SO_PEERCRED), so the entry names the socket, whose mode and group say who could have connected.
 */
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import * as z from 'zod';
import type { Clock } from '../base/clock.js';
import { errorText, systemErrorCode } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { ROLES } from '../config/role.js';

export const auditEntryShape = z.object({
  at: z.number().describe('ms since the epoch, host clock'),
  client: z.string().describe('name of the connection, as in the log'),
  via: z.string().describe('the socket on which the client connected'),
  role: z.enum(ROLES).describe('role of that socket'),
  action: z.string().describe('method, or command of the classic dialect'),
  outcome: z.string().describe('done, or the error'),
});

export type AuditEntry = z.output<typeof auditEntryShape>;

/** The caller. */
export type AuditOrigin = Pick<AuditEntry, 'client' | 'via' | 'role'>;

/** Entries kept in memory. */
const MAX_HELD = 1000;
/** Bytes of the file before it is rotated; one older file is kept. */
const MAX_FILE_LENGTH = 1_048_576;

export class AuditTrail {
  readonly #clock: Clock;
  readonly #log: Log;
  #file: string | undefined;
  #makeDirectory: () => void = () => {};
  /** The file has the entries that this process holds. */
  #isInFile = false;
  #entries: AuditEntry[] = [];
  #recorded = 0;
  #notWritten = 0;
  #forbidden = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Reads the entries of earlier runs from this file, and appends to it. `makeDirectory`: called if the directory is missing. */
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

  /** A call that the role does not permit. Not written to the file: an unprivileged client could fill it. */
  forbid({ client, via, role }: AuditOrigin, action: string): void {
    this.#forbidden++;
    this.#log.warn('forbidden', `${action} by ${client} on ${via}: not permitted for the role ${role}`);
  }

  /** The newest last. */
  last(limit: number): AuditEntry[] {
    return this.#entries.slice(-limit);
  }

  counters() {
    return { recorded: this.#recorded, notWritten: this.#notWritten, forbidden: this.#forbidden };
  }

  #onRemoved(file: string): void {
    const held = this.#entries.length;
    this.#log.warn('audit gone', `${file} was removed; wrote a new one with the last ${held} entries`);
  }

  /** Synchronously: the command that follows may end the network. */
  #write(entry: AuditEntry): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      const length = lengthOf(file);
      const isRemoved = this.#isInFile && length === 0;
      if (length === 0) this.#makeDirectory();
      if (isRemoved) this.#onRemoved(file);
      else if (length > MAX_FILE_LENGTH) renameSync(file, previous(file));
      const entries = isRemoved ? this.#entries : [entry];
      appendFileSync(file, entries.map((each) => `${JSON.stringify(each)}\n`).join(''), { mode: 0o640 });
      this.#isInFile = true;
    } catch (error) {
      this.#notWritten++;
      this.#log.warn('audit', `can't write the audit file: ${errorText(error)}`);
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

/** Skips damaged lines, as after a power cut. */
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

/** The entry on a line; undefined if the line is invalid. */
export function readAuditLine(line: string): AuditEntry | undefined {
  try {
    return auditEntryShape.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
