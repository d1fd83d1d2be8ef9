/**
 * Runs inside ava (see ava.config.mjs): turns its events into outcomes `{ kind, title, file }`, and sends them to the
 * process that started it. The types of the events are in ava's types/state-change-events.d.cts.
 */
import { relative } from 'node:path';

const TESTS = 'dist/test/';

/** Sent last: without it ava has ended in the middle of its run. */
export const RUN_ENDED = { kind: 'ended' };

export async function observeRun({ events }) {
  const run = new Run((outcome) => process.send(outcome));
  for await (const event of events) run.take(event);
}

class Run {
  #send;
  /** By file: `{ hasTests, isBroken, isFinished, pending }`, where `pending` holds the titles of tests that run. */
  #files = new Map();

  constructor(send) {
    this.#send = send;
  }

  take(event) {
    const { type, testFile } = event;
    if (type === 'end') this.#send(RUN_ENDED);
    else if (type === 'timeout') this.#onTimeout(event);
    else if (testFile !== undefined) this.#takeOfFile(event, relative(process.cwd(), testFile));
    else if (type === 'internal-error') this.#send({ kind: 'failed', title: `ava: ${event.err.message}` });
  }

  #takeOfFile(event, file) {
    switch (event.type) {
      case 'declared-test':
        this.#stateOf(file).hasTests = true;
        return;
      case 'selected-test':
        if (event.skip || event.todo) this.#report('leftOut', file, event.title);
        else this.#stateOf(file).pending.add(event.title);
        return;
      case 'test-passed':
        this.#stateOf(file).pending.delete(event.title);
        this.#report(event.knownFailing ? 'expectedToFail' : 'passed', file, event.title);
        return;
      case 'test-failed':
        this.#stateOf(file).pending.delete(event.title);
        this.#report('failed', file, failedTitle(event));
        return;
      case 'hook-failed':
        this.#report('failed', file, event.title);
        return;
      default:
        this.#takeOfProcess(event, file);
    }
  }

  /** What concerns the file's process and not one test. */
  #takeOfProcess(event, file) {
    switch (event.type) {
      case 'internal-error':
      case 'uncaught-exception':
      case 'unhandled-rejection':
        this.#breakFile(file, `${event.type.replace('-', ' ')}: ${messageOf(event.err)}`);
        return;
      case 'process-exit':
        this.#breakFile(file, 'called process.exit()');
        return;
      case 'missing-ava-import':
        this.#breakFile(file, 'has no tests: it does not import ava');
        return;
      case 'worker-failed':
        this.#stateOf(file).isFinished = true;
        this.#breakFile(file, `ended with ${event.signal ?? `exit code ${event.nonZeroExitCode}`}`);
        return;
      case 'worker-finished':
        this.#onFileFinished(event, file);
    }
  }

  #onFileFinished({ forcedExit }, file) {
    const state = this.#stateOf(file);
    state.isFinished = true;
    if (forcedExit) this.#breakFile(file, 'did not exit');
    else if (!state.hasTests) this.#breakFile(file, 'has no tests');
    else if (state.pending.size > 0) this.#breakFile(file, 'ended before its tests did');
  }

  /** ava kills what still runs; `pendingTests` also has files that have failed before. */
  #onTimeout({ pendingTests }) {
    const files = [...pendingTests.keys()].map((path) => relative(process.cwd(), path));
    const running = files.filter((file) => !this.#stateOf(file).isFinished);
    for (const file of running) this.#breakFile(file, 'did not exit in time');
  }

  /** Only the first reason counts: the others follow from it. */
  #breakFile(file, reason) {
    const state = this.#stateOf(file);
    if (state.isBroken) return;
    state.isBroken = true;
    this.#send({ kind: 'failed', title: `${file} ${reason}`, file });
    for (const title of state.pending) this.#report('failed', file, `${title} (did not end)`);
    state.pending.clear();
  }

  #report(kind, file, title) {
    this.#send({ kind, title: `${prefixOf(file)}${title}`, file });
  }

  #stateOf(file) {
    const state = this.#files.get(file) ?? newState();
    this.#files.set(file, state);
    return state;
  }
}

function newState() {
  return { hasTests: false, isBroken: false, isFinished: false, pending: new Set() };
}

function failedTitle({ title, knownFailing }) {
  return knownFailing ? `${title} (passes, although it is marked as failing)` : title;
}

function messageOf({ message, formattedError }) {
  return (message ?? formattedError ?? '').split('\n')[0];
}

/** `cli › doctor › ` of dist/test/cli/doctor.test.js */
function prefixOf(file) {
  const name = file.replace(TESTS, '').replace(/\.test\.js$/, '');
  return [...name.split('/'), ''].join(' › ');
}
