import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  type LoopInfo,
  loopWords,
  readPrediction,
  reboxWords,
  seedWords,
  tipWords,
} from '../../../src/codecs/dcss/loop.js';
import { DcssFixture, type DcssFixtureOptions } from '../../support/dcss-fixture.js';
import { answerWith, FakeClassifier, LOOP, LOOP_WORDS } from '../../support/fake-classifier.js';
import { freePort } from '../../support/free-port.js';

const JPEG = Buffer.from('ffd8ffe000104a464946ffd9', 'hex');
const REGISTRATIONS = [
  'collectLoopImages',
  'stopCollectLoopImages',
  'getLoopTip',
  'getLoopInfo',
  'reboxLoopImage',
  'testAutoML',
].map((name) => `stoh_register_operation ${name} ${name}`);
const SETTINGS = { threshold: 0.04, scan: 5 };

const read = (prediction: object): LoopInfo | undefined =>
  readPrediction({ predictions: [prediction] }, SETTINGS)?.info;

test('the words of an answer: the best loop, the best pin, and zeros when the score is too low', (t) => {
  const info = read(LOOP);
  t.truthy(info);
  if (!info) return;
  t.is(loopWords(7, info).join(' '), `7 ${LOOP_WORDS}`);
  t.is(loopWords(7, info).length, 15);
  t.is(seedWords(7, info).join(' '), '7 0.5 0.5 0.125 0.5 0.25 0.75 0.5 nylon');
  t.deepEqual(tipWords(info, true), ['0.5', '0.5', '0.125']);
  t.deepEqual(tipWords(info, false), ['0.5', '0.5']);
  t.deepEqual(reboxWords(7, info), ['7', '0.25', '0.75', '0.5']);
  const low = read({ ...LOOP, detection_scores: [0.03, 0.02, 0.01] });
  t.is(low && loopWords(1, low).join(' '), '1 failed 0 0 0 0 0 0 0 0 0 0 0 nylon 0.03');
  const none = read({ ...LOOP, detection_classes_as_text: ['pin', 'pin', 'crystal'] });
  t.is(none && loopWords(1, none).join(' '), '1 failed 0 0 0 0 0 0 0 0 0 0 0 none 0');
  t.is(none && tipWords(none, false), undefined);
});

test('what is not an answer is refused, whatever it is', (t) => {
  for (const answer of [
    undefined,
    null,
    5,
    'x',
    [],
    {},
    { predictions: [] },
    { predictions: [null] },
    { predictions: [{ detection_scores: 1 }] },
  ])
    t.is(readPrediction(answer, SETTINGS), undefined);
  const odd = {
    ...LOOP,
    detection_scores: ['x', Number.NaN, 0.9],
    detection_boxes: [[1], null, 'x'],
    detection_classes_as_text: [1, 2, 3],
  };
  t.false(read(odd)?.isFound ?? true);
});

interface Loop {
  readonly fixture: DcssFixture;
  readonly classifier: FakeClassifier;
  readonly port: number;
  /** Starts an operation; its handle. */
  begin(name: string, args?: string): string;
  ended(handle: string): Promise<string>;
  updates(handle: string): string[];
  post(body?: Buffer, headers?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
}

async function startLoop(
  settings: Record<string, unknown> = {},
  options: Partial<DcssFixtureOptions> = {},
): Promise<Loop> {
  const classifier = await FakeClassifier.listen();
  const port = await freePort();
  const fixture = await DcssFixture.start({
    protocol: 2,
    registrations: REGISTRATIONS,
    hasCamera: true,
    settings: {
      mode: 'strict',
      classifier: classifier.url,
      jpeg_listen: `127.0.0.1:${port}`,
      frames: 5,
      ...settings,
    },
    ...options,
  });
  const { dcss } = fixture;
  await dcss.until(() => (dcss.connections === 1 ? true : null));
  let count = 0;
  return {
    fixture,
    classifier,
    port,
    begin(name, args = '') {
      const handle = `1.${++count}`;
      dcss.say(`stoh_start_operation ${name} ${handle} ${args}`.trim());
      return handle;
    },
    ended: async (handle) =>
      (await dcss.heard(new RegExp(`^htos_operation_completed \\w+ ${handle} `)))
        .split(' ')
        .slice(3)
        .join(' '),
    updates: (handle) =>
      dcss.received
        .filter((text) => text.startsWith('htos_operation_update') && text.split(' ')[2] === handle)
        .map((text) => text.split(' ').slice(3).join(' ')),
    post: (body = JPEG, headers = {}) => post(port, body, headers),
    async close() {
      await fixture.close();
      await classifier.close();
    },
  };
}

function post(port: number, body: Buffer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/any',
        headers: { 'content-type': 'image/jpeg', 'content-length': body.length, ...headers },
      },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    if (headers.expect === undefined) sent.end(body);
    else sent.on('continue', () => sent.end(body)).flushHeaders();
  });
}

async function started({ fixture }: Loop, handle: string): Promise<void> {
  await fixture.dcss.heard(
    new RegExp(`^htos_operation_update collectLoopImages ${handle} start_oscillation`),
  );
}

test.serial('a whole collection: each image is classified and reported, and then it ends', async (t) => {
  const save = mkdtempSync(join(tmpdir(), 'mg-loop-'));
  const loop = await startLoop({ save });
  const handle = loop.begin('collectLoopImages');
  await started(loop, handle);
  for (let image = 1; image <= 4; image++)
    t.is(await loop.post(Buffer.concat([JPEG, Buffer.of(image)])), 200);
  t.is(await loop.post(JPEG, { expect: '100-continue' }), 200);
  t.is(await loop.ended(handle), 'normal done');
  const updates = loop.updates(handle).slice(1).sort();
  t.deepEqual(
    updates,
    [1, 2, 3, 4, 5].map((index) => `LOOP_INFO ${index} ${LOOP_WORDS}`),
  );
  const rebox = loop.begin('reboxLoopImage', '3 1 5');
  t.is(await loop.ended(rebox), 'normal 3 0.25 0.75 0.5');
  t.is(await loop.ended(loop.begin('reboxLoopImage', '6 1 5')), 'error no_such_image');
  const device = loop.fixture.mesh.hub.picture.devices().find(({ id }) => id === 'dcss:camera');
  t.deepEqual(device?.media[0]?.bytes, JPEG);
  await t.throwsAsync(loop.post(), { code: 'ECONNREFUSED' });
  await loop.close();
  t.deepEqual(readdirSync(save).sort(), [
    'loop_0001.jpeg',
    'loop_0002.jpeg',
    'loop_0003.jpeg',
    'loop_0004.jpeg',
    'loop_0005.jpeg',
    'loop_info.csv',
  ]);
  t.is(readFileSync(join(save, 'loop_info.csv'), 'utf8').trim().split('\n').length, 5);
  rmSync(save, { recursive: true });
});

test.serial(
  'a stop ends it with the last answer, at most four requests at once; a second one is refused',
  async (t) => {
    const loop = await startLoop({ frames: 50 });
    const held: (() => void)[] = [];
    loop.classifier.answer = (request, response) => void held.push(() => answerWith(LOOP)(request, response));
    const handle = loop.begin('collectLoopImages');
    await started(loop, handle);
    t.is(await loop.ended(loop.begin('collectLoopImages')), 'error busy');
    for (let image = 0; image < 7; image++) await loop.post();
    t.is(await loop.ended(loop.begin('stopCollectLoopImages')), 'normal flag set');
    while (loop.classifier.count < 4) await pause();
    t.is(loop.fixture.dcss.count(new RegExp(`completed collectLoopImages ${handle} `)), 0);
    while (loop.classifier.count < 7 || held.length > 0) {
      held.shift()?.();
      await pause();
    }
    t.is(await loop.ended(handle), 'normal done');
    t.is(loop.updates(handle).length, 8);
    t.is(loop.classifier.peak, 4);
    await loop.close();
  },
);

test.serial('a classifier that is wrong, slow or gone: the operation ends, with a reason', async (t) => {
  const loop = await startLoop({ frames: 1 });
  const cases: readonly [string, FakeClassifier['answer']][] = [
    ['notJson', (_, response) => void response.end('<html>')],
    ['noPrediction', (_, response) => void response.end('{"predictions":[]}')],
    [
      'wrongKey',
      (_, response) => void response.end(JSON.stringify({ predictions: [{ ...LOOP, key: 'other' }] })),
    ],
    ['refused', (_, response) => void response.writeHead(500).end('{}')],
    ['tooLong', (_, response) => void response.end('x'.repeat(1_048_577))],
    ['unreachable', (_, response) => void response.destroy()],
    ['timedOut', () => {}],
  ];
  for (const [reason, answer] of cases) {
    loop.classifier.answer = answer;
    const handle = loop.begin('collectLoopImages');
    await started(loop, handle);
    await loop.post();
    t.is(await loop.ended(handle), `error classifier ${reason}`);
    t.is(loop.updates(handle)[1], 'LOOP_INFO 1 failed 0 0 0 0 0 0 0 0 0 0 0 none 0');
    t.is(await loop.ended(loop.begin('testAutoML')), `error classifier ${reason}`);
  }
  loop.classifier.answer = answerWith(LOOP);
  t.is(await loop.ended(loop.begin('testAutoML')), `normal LOOP_INFO 1 ${LOOP_WORDS}`);
  await loop.classifier.close();
  t.is(await loop.ended(loop.begin('testAutoML')), 'error classifier unreachable');
  t.is(loop.fixture.counters.classifier?.underWay, 0);
  await loop.fixture.close();
});

test.serial(
  'a camera that sends nothing, too much, half, or something else: nothing is held, and the operation ends',
  async (t) => {
    const loop = await startLoop({ frames: 2 });
    const silent = loop.begin('collectLoopImages');
    await started(loop, silent);
    t.is(await loop.ended(silent), 'error no_image for 30 s');
    const handle = loop.begin('collectLoopImages');
    await started(loop, handle);
    t.is(await loop.post(JPEG, { 'content-type': 'text/html' }), 415);
    t.is(await loop.post(Buffer.alloc(0)), 400);
    await halfAnImage(loop.port, 'content-length: 9000000', t, /^HTTP\/1.1 413/);
    await halfAnImage(loop.port, 'content-length: 100', t, undefined);
    t.is(await loop.post(), 200);
    t.is(await loop.post(), 200);
    t.is(await loop.ended(handle), 'normal done');
    await loop.close();
  },
);

test.serial('single images: the tip, the words, or why there are none', async (t) => {
  let status = 200;
  const axis = createServer((request, response) => {
    if (request.url !== '/axis-cgi/jpg/image.cgi?camera=1') response.writeHead(404).end();
    else response.writeHead(status, { 'content-type': 'image/jpeg' }).end(JPEG);
  });
  await new Promise<void>((resolve) => axis.listen(0, '127.0.0.1', resolve));
  const loop = await startLoop({
    camera: `http://127.0.0.1:${(axis.address() as AddressInfo).port}`,
    loop_words: 'seed',
  });
  t.is(await loop.ended(loop.begin('getLoopTip')), 'normal 0.5 0.5');
  t.is(await loop.ended(loop.begin('getLoopTip', '1')), 'normal 0.5 0.5 0.125');
  t.is(
    await loop.ended(loop.begin('getLoopInfo')),
    'normal LOOP_INFO 1 0.5 0.5 0.125 0.5 0.25 0.75 0.5 nylon',
  );
  loop.classifier.answer = answerWith({ ...LOOP, detection_scores: [0, 0, 0] });
  t.is(await loop.ended(loop.begin('getLoopTip')), 'error TipNotInView');
  status = 503;
  t.is(await loop.ended(loop.begin('getLoopTip')), 'error camera refused');
  axis.close();
  axis.closeAllConnections();
  t.is(await loop.ended(loop.begin('getLoopTip')), 'error camera unreachable');
  t.is(await loop.ended(loop.begin('initializeCamera')), 'error not_implemented');
  await loop.close();
});

test.serial('a DCSS that goes in the middle of a collection, and one that aborts it', async (t) => {
  const loop = await startLoop({ frames: 50 });
  const { dcss } = loop.fixture;
  await started(loop, loop.begin('collectLoopImages'));
  await loop.post();
  dcss.hangUp();
  await dcss.until(() => (dcss.connections === 2 ? true : null));
  await dcss.heard(/^htos_log warning mesh interrupted .* collectLoopImages 1.1/);
  const handle = loop.begin('collectLoopImages');
  await started(loop, handle);
  dcss.say('stoh_abort_all soft');
  t.is(await loop.ended(handle), 'aborted abort_all');
  const again = loop.begin('collectLoopImages');
  await started(loop, again);
  dcss.say('stoh_stop_operation collectLoopImages');
  t.is(await loop.ended(again), 'aborted stopped');
  t.is(dcss.count(/completed collectLoopImages 1.1 /), 0);
  await loop.close();
});

test.serial('without a classifier, a camera, or a free port: an error', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const loop = await startLoop({ jpeg_listen: `127.0.0.1:${(taken.address() as AddressInfo).port}` });
  t.regex(await loop.ended(loop.begin('collectLoopImages')), /^error can't listen on .*EADDRINUSE/);
  t.is(await loop.ended(loop.begin('getLoopInfo')), 'error no_camera');
  await loop.close();
  taken.close();
  const without = await startLoop({ classifier: undefined }, { hasCamera: false });
  t.is(await without.ended(without.begin('collectLoopImages')), 'error no_classifier');
  t.is(await without.ended(without.begin('testAutoML')), 'error no_classifier');
  await without.close();
});

function halfAnImage(
  port: number,
  length: string,
  t: ExecutionContext,
  expected: RegExp | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\n${length}\r\n\r\nhalf`);
      if (!expected) socket.end();
    });
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (expected) t.regex(reply, expected);
      resolve();
    });
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
