import { errorText } from '../base/errors.js';
import type { Slices } from './store-reader.js';
import type { Answer, FromReader, Question } from './thread-messages.js';

/** The connection that reads; after `close` it opens the file again. */
export interface Connection {
  run(question: Question): Slices<Answer>;
  close(): void;
}

/** The file may have been replaced since it was opened; and the failure of one job ends the work of all, which start again. */
const ATTEMPTS = 3;

interface Job {
  readonly id: number;
  readonly question: Question;
  work: Slices<Answer>;
  failures: number;
}

/** Reads in progress: clients take turns of one slice each, however much the others read. */
export class ReadTurns {
  readonly #connection: Connection;
  readonly #report: (message: FromReader) => void;
  /** Jobs of each owner, in the order of the requests; the owner whose turn it is comes first. */
  readonly #jobs = new Map<string, Job[]>();

  constructor(connection: Connection, report: (message: FromReader) => void) {
    this.#connection = connection;
    this.#report = report;
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

  /** Drops a job whose result is no longer needed. */
  cancel(id: number): void {
    for (const [owner, jobs] of this.#jobs) {
      const rest = jobs.filter((job) => job.id !== id);
      if (rest.length === 0) this.#jobs.delete(owner);
      else if (rest.length < jobs.length) this.#jobs.set(owner, rest);
    }
  }

  /** Does one slice of the next owner's work. */
  step(): void {
    const [next] = this.#jobs;
    if (!next) return;
    const [owner, [job, ...rest]] = next;
    this.#jobs.delete(owner);
    const isOver = !job || this.#work(job);
    const left = isOver ? rest : [job, ...rest];
    if (left.length > 0) this.#jobs.set(owner, left);
  }

  /** Returns true when the job has ended. */
  #work(job: Job): boolean {
    try {
      const { done, value } = job.work.next();
      if (done) this.#report({ kind: 'answer', id: job.id, answer: value });
      return done === true;
    } catch (error) {
      this.#connection.close();
      if (++job.failures >= ATTEMPTS) {
        this.#report({ kind: 'refusal', id: job.id, why: errorText(error) });
        return true;
      }
      job.work = this.#connection.run(job.question);
      return false;
    }
  }
}
