import { createInterface } from 'node:readline';
import { cleanText } from '../../../base/clean-text.js';
import { MeshgateError } from '../../../base/errors.js';
import { EXIT, endWith } from '../../exit-codes.js';
import { note } from '../../output.js';

/**
 * Asks before something hazardous is sent. A no is noted, with its exit code.
 * Throws `BAD_USAGE` with `hazard`, one sentence, if nobody can be asked.
 */
export async function isConfirmed(hazard: string, question: string): Promise<boolean> {
  if (!canAsk()) throw new MeshgateError('BAD_USAGE', hazard, 'to confirm it: --yes');
  if (await confirm(question)) return true;
  note('meshgate: not confirmed; nothing was sent');
  endWith(EXIT.failed);
  return false;
}

/** A person can be asked: on a terminal, also if the result goes to a file. */
function canAsk(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/** Asks on standard error. Only `y` and `yes` are a yes; Ctrl-C and Ctrl-D are a no. */
function confirm(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    asking.on('SIGINT', () => asking.close());
    asking.on('close', () => resolve(false));
    asking.question(`${cleanText(question)} [y/N] `, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()));
      asking.close();
    });
  });
}
