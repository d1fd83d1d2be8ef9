/** `meshgate dcss-server` and `meshgate classifier-stub`: for trying the hardware server without a beamline. */
import type { CliCommand } from '../../cli-command.js';
import type { ClassifierStubFlags } from './run-classifier-stub.js';
import type { DcssServerFlags } from './run-dcss-server.js';

const SERVER_HELP = `
Commands on standard input:
  start OPERATION [ARGUMENTS]     stop OPERATION
  move MOTOR DESTINATION          abort-move MOTOR
  open SHUTTER                    close SHUTTER
  read SECONDS CHANNEL [CHANNEL]  set STRING CONTENTS
  abort [soft|hard]               send MESSAGE (any text)
`;

export function addDcssServerCommand(program: CliCommand): void {
  program
    .command('dcss-server')
    .description('a DCSS for trying hardware servers: registers devices, prints all messages')
    .examples({
      'meshgate dcss-server': 'then, with dcss.server = "127.0.0.1:14242": meshgate start',
      'meshgate dcss-server --registrations beamline.txt': 'register what the file lists',
    })
    .option('--listen <address>', 'HOST:PORT to listen on', '127.0.0.1:14242')
    .option('--protocol <n>', 'protocol level of its messages: 1 or 2', '2')
    .option('--registrations <file>', 'messages sent to each hardware server that connects, one a line')
    .addHelpText('after', SERVER_HELP)
    .action(async (flags: DcssServerFlags) => {
      const { runDcssServer } = await import('./run-dcss-server.js');
      await runDcssServer(flags);
    });
}

export function addClassifierStubCommand(program: CliCommand): void {
  program
    .command('classifier-stub')
    .description('a classifier of loop images for trying: answers with the same boxes every time')
    .examples({ 'meshgate classifier-stub --delay 500': 'answers take half a second' })
    .option('--listen <address>', 'HOST:PORT to listen on', '127.0.0.1:8501')
    .option('--delay <ms>', 'time of each answer', '0')
    .action(async (flags: ClassifierStubFlags) => {
      const { runClassifierStub } = await import('./run-classifier-stub.js');
      await runClassifierStub(flags);
    });
}
