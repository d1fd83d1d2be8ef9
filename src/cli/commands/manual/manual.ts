import { packageVersion } from '../../../base/package-root.js';
import type { CliCommand } from '../../cli-command.js';
import { print } from '../../output.js';
import { manualPage } from './manual-page.js';

/** Hidden: packages make their manual page with it. `meshgate manual | man -l -` shows it. */
export function addManualCommand(program: CliCommand): void {
  program
    .command('manual', { hidden: true })
    .description('print the manual page in roff')
    .examples({ 'meshgate manual': 'the page that packages install' })
    .action(() => print(manualPage(program, packageVersion)));
}
