import { errorText } from '../base/errors.js';
import type { Slices } from './store-reader.js';
import type { Answer, FromReader, Question } from './thread-messages.js';

/** The connection that reads; one that failed opens the file again. */
export interface Connection {
  run(question: Question): Slices<Answer>;
  close(): void;
}

/** The file may have been set aside, or have come back, since it was opened; and what one job finds out ends the work of others. */
const ATTEMPTS = 3;

interface Job {
  readonly id: number;
  readonly question: Question;
  work: Slices<Answer>;
  failures: number;
}

/** Reads that are under way: every client has its turn of one slice, whatever the others ask for. */
export class ReadTurns {
  readonly #connection: Connection;
  readonly #tell: (message: FromReader) => void;
  /** Jobs of each owner, in the order in which they were asked for; the owner whose turn it is comes first. */
  readonly #jobs = new Map<string, Job[]>();

  constructor(connection: Connection, tell: (message: FromReader) => void) {
    this.#connection = connection;
    this.#tell = tell;
  }

  get isIdle(): boolean {
    return this.#jobs.size === 0;
  }

  add(id: number, owner: string, question: Question): void {
    const job = { id, question, work: this.#connection.run(question), failures: 0 };
    const jobs = this.#jobs.get(owner);
    if (jobs) jobs.push(job);
    else this.#jobs.set(owner, [job]);
  }

  /** Drops a job that nobody waits for. */
  cancel(id: number): void {
    for (const [owner, jobs] of this.#jobs) {
      const rest = jobs.filter((job) => job.id !== id);
      if (rest.length === 0) this.#jobs.delete(owner);
      else if (rest.length < jobs.length) this.#jobs.set(owner, rest);
    }
  }

  /** Does one slice of the work whose turn it is. */
  step(): void {
    const [next] = this.#jobs;
    if (!next) return;
    const [owner, [job, ...rest]] = next;
    this.#jobs.delete(owner);
    const isOver = !job || this.#work(job);
    const left = isOver ? rest : [job, ...rest];
    if (left.length > 0) this.#jobs.set(owner, left);
  }

  /** Returns true when the job is over. */
  #work(job: Job): boolean {
    try {
      const { done, value } = job.work.next();
      if (done) this.#tell({ kind: 'answer', id: job.id, answer: value });
      return done === true;
    } catch (error) {
      this.#connection.close();
      if (++job.failures >= ATTEMPTS) {
        this.#tell({ kind: 'refusal', id: job.id, why: errorText(error) });
        return true;
      }
      job.work = this.#connection.run(job.question);
      return false;
    }
  }
}
