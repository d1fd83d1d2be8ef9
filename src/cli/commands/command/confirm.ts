import { createInterface } from 'node:readline';
import { cleanText } from '../../../base/clean-text.js';

/** A person can be asked: on a terminal, also if the result goes to a file. */
export function canAsk(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/** Asks on standard error. Only `y` and `yes` are a yes; Ctrl-C and Ctrl-D are a no. */
export function confirm(question: string): Promise<boolean> {
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
