/** A recording with some of everything, to test how the command line shows it. */
import { Recording } from '../../src/recorder/recording.js';
import { encodeFrame } from '../../src/uart/frame.js';
import { NOW } from './golden.js';
import { bytesOf } from './hex.js';
import { port, RecorderFixture } from './recordings.js';
import { shippedTables as tables } from './tables.js';

export const INSPECT_SETTINGS = {
  tables,
  maxBodyLength: 2048,
  openFrameTimeoutMs: 500,
  withBytes: true,
  isRedacted: false,
};

/** A minute's recording that ends in a damaged block. */
export function sampleRecording(): Recording {
  const fixture = new RecorderFixture({ startsAt: NOW - 60_000 });
  recordLine(fixture);
  recordClients(fixture);
  recordDevice(fixture);
  return new Recording(Buffer.concat([fixture.file(), Buffer.from('MGBK and a damaged rest')]));
}

function recordLine({ recorder, clock }: RecorderFixture): void {
  recorder.notOpened('noPermission', 'EACCES: /dev/ttyUSB0');
  clock.advance(250);
  recorder.opened(port());
  recorder.toRoot(encodeFrame(Buffer.from('NINFO')));
  recorder.fromRoot(Buffer.from('I (27) boot: \x1b[0;32mESP-IDF\x1b[0m\r\n'));
  clock.advance(1000);
  recorder.fromRoot(encodeFrame(bytesOf('00 00 03 6F 6E 0A')));
  recorder.fromRoot(bytesOf('FF 00 05 44 02 00 07 01 39'));
  recorder.fromRoot(bytesOf('30 00 C7 CF FA 05 FE FF FE FE FF 00 06 FF 00 06 44 01 FE'));
  recorder.toRoot(encodeFrame(Buffer.from('SEND-\0\x05Ehello')));
  clock.advance(2000);
  recorder.fromRoot(bytesOf('FF 00 06 99 FF 00 05 41'));
  clock.setHostClock(clock.now() + 3_600_000);
  clock.advance(500);
  recorder.fromRoot(Buffer.from('not ended'));
  recorder.linesSet({ dtr: false, rts: true });
  recorder.closed('hungUp', 'EIO');
}

function recordDevice({ recorder, clock }: RecorderFixture): void {
  clock.advance(1000);
  const psu = recorder.link('psu');
  psu.notOpened('refused', 'connect ECONNREFUSED 192.168.1.20:5025');
  clock.advance(250);
  psu.opened({ name: 'tcp:192.168.1.20:5025', identity: '', hasLines: false });
  psu.sent(Buffer.from('MEAS:VOLT?\n'));
  psu.received(Buffer.from('12.0'));
  psu.received(Buffer.from('5\r\n1.5\n'));
  psu.received(bytesOf('00 01 FE FF 0A'));
  psu.received(Buffer.alloc(17_000_000));
  psu.closed('closedByPeer', 'end of data');
}

function recordClients({ recorder, clock }: RecorderFixture): void {
  clock.advance(10_000);
  const classic = recorder.client('client 3');
  classic.asked(Buffer.from('[GET]\0\x05GPS'));
  classic.answered(Buffer.from('F\x0eNode Not Found'));
  classic.ended('answered');
  const session = recorder.client('web client 12');
  session.asked('{"jsonrpc":"2.0","id":1,"method":"log","params":{"text":"a\\u001b[31mb"}}');
  session.answered(`{"jsonrpc":"2.0","id":1,"result":{"facts":["${'long '.repeat(2000)}"]}}`);
  classic.asked(Buffer.from('NINFO'));
  classic.answered(Buffer.from('S{"node_amount":0}'));
  classic.asked(Buffer.from('ACT-C'));
  classic.answered(Buffer.from('S\x03'));
}
