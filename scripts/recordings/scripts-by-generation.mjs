/**
 * What firmware of each generation says, byte for byte as docs/protocol.md has it.
 *
 *     1   Data with sequence and GPS; no paths
 *     2   the same, Position (05), and paths
 *     3   Data with the sequence, and the GPS reading as a JSON report (7B)
 */
import { load } from './load.mjs';

const { encodeMessage, encodeNetInfo, encodePathInfo, encodeText } = await load('protocol/message.js');

const ROOT = 0x0000;
const NODES = [0x0005, 0x0006, 0x0007];
const OPCODES = { netInfo: 0x01, nodeInfo: 0x02, rootReset: 0x03, pathInfo: 0x04, position: 0x05 };
const [ACK, DATA, REQUEST, RESET, TEST] = [...'ADRST'].map((letter) => letter.charCodeAt(0));
const UPDATES = 8;
const UPDATE_EVERY_MS = 5000;

export const GENERATION_1 = {
  name: '/dev/ttyUSB0',
  says: [
    ...boots(),
    ...provisions(),
    ...updates(dataWithGps),
    ...asks('Error: Buffer might have remaining half message!!\n'),
  ],
  answers: { NINFO: [netInfo()] },
};

export const GENERATION_2 = {
  name: '/dev/ttyUSB0',
  says: [
    ...boots(),
    ...provisions(),
    ...updates(dataWithGps),
    ...updates(position, 900),
    [30_000, paths()],
    ...asks('[Warning] Buffer might have remaining half message!!\n'),
  ],
  answers: { NINFO: [netInfo()], GETDF: [paths()] },
};

export const GENERATION_3 = {
  name: '/dev/ttyUSB0',
  says: [
    ...boots(),
    ...provisions(),
    ...updates(dataWithoutGps),
    ...updates(report, 120),
    [30_000, paths()],
    ...asks('[Warning] Buffer might have remaining half message!!\n'),
  ],
  answers: { NINFO: [netInfo()], GETDF: [paths()] },
};

function boots() {
  return [
    [5, 'ets Jul 29 2019 12:21:46\r\n\r\n'],
    [350, encodeMessage(ROOT, OPCODES.rootReset, Buffer.from('online\n'))],
  ];
}

function provisions() {
  return NODES.flatMap((node, index) => {
    const at = 1000 + index * 700;
    return [
      [at, encodeText(ROOT, ' ----------- prov_complete -----------\n')],
      [at + 200, encodeText(node, 'config_complete\n')],
      [at + 350, encodeMessage(node, OPCODES.nodeInfo, uuidOf(node))],
    ];
  });
}

/** Every node in turn; `body(node, sequence)`. */
function updates(body, afterMs = 0) {
  return Array.from({ length: UPDATES }, (_, sequence) =>
    NODES.map((node, index) => [
      5000 + afterMs + sequence * UPDATE_EVERY_MS + index * 90,
      body(node, sequence + 250),
    ]),
  ).flat();
}

/** What listeners get, what opcodes.json lacks, and what firmware complains of. */
function asks(complaint) {
  return [
    [12_000, encodeMessage(0x0006, REQUEST, Buffer.of(0x00))],
    [13_000, encodeMessage(0x0007, TEST, Buffer.from('F'))],
    [14_000, encodeMessage(0x0005, ACK, Buffer.from('hello'))],
    [15_000, encodeMessage(0x0005, 0x99, Buffer.of(0x01, 0xfe, 0xff))],
    [16_000, encodeMessage(0x0006, RESET)],
    [17_000, encodeText(ROOT, 'Error: No Message Attached\n')],
    [18_000, encodeText(ROOT, complaint)],
    [19_000, encodeMessage(0x0006, DATA, Buffer.of(0x02, 0x00, 0x07))],
  ];
}

function netInfo() {
  const nodes = NODES.map((address) => ({ address, uuid: uuidOf(address) }));
  return encodeMessage(ROOT, OPCODES.netInfo, encodeNetInfo(nodes));
}

function paths() {
  return encodeMessage(
    ROOT,
    OPCODES.pathInfo,
    encodePathInfo(NODES.map((origin) => ({ origin, target: 0x0001 }))),
  );
}

function uuidOf(node) {
  return Buffer.concat([Buffer.of(0x32, 0x10), Buffer.alloc(12, node), Buffer.of(0x00, node)]);
}

/** Degrees, a little further each time. */
function placeOf(node, sequence) {
  return { longitude: -123.27 - node / 100, latitude: 44.57 + (sequence % 250) / 1000 };
}

function dataWithGps(node, sequence) {
  const { longitude, latitude } = placeOf(node, sequence);
  const gps = Buffer.alloc(6);
  gps.writeIntLE(Math.round(longitude * 1000), 0, 3);
  gps.writeIntLE(Math.round(latitude * 1000), 3, 3);
  return encodeMessage(node, DATA, Buffer.concat([Buffer.of(0x02, 0x00, sequence & 0xff, 0x01), gps]));
}

function dataWithoutGps(node, sequence) {
  return encodeMessage(node, DATA, Buffer.of(0x01, 0x00, sequence & 0xff));
}

function position(node, sequence) {
  const { longitude, latitude } = placeOf(node, sequence);
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(latitude, 0);
  bytes.writeDoubleLE(longitude, 8);
  return encodeMessage(node, OPCODES.position, bytes);
}

/** The root itself turns the reading into JSON: the opcode is the text's first byte. */
function report(node, sequence) {
  const { longitude, latitude } = placeOf(node, sequence);
  const text = JSON.stringify({
    node,
    gps_time: 1_777_615_200 + sequence,
    lat: Math.round(latitude * 1e7),
    lon: Math.round(longitude * 1e7),
    fixType: 3,
    gnssFixOK: true,
    diffSoln: false,
    numSV: 11,
    button: 0,
  });
  return encodeText(node, `${text}\n`);
}
