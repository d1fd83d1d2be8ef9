import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { manifestMetrics } from '../../src/gateway/manifests.js';
import { describeCounters } from '../../src/socket/web/metrics/counter-metrics.js';
import { Latencies } from '../../src/socket/web/metrics/latencies.js';
import { metricDefinitions } from '../../src/socket/web/metrics/metrics.js';
import { CommandedBench, FIRST_STAGE, STATE } from '../support/commanded-bench.js';
import { freePort } from '../support/free-port.js';
import { type GatewayFixture, startGateway, temporaryFolder } from '../support/gateway-fixture.js';
import { askHttp } from '../support/http-ask.js';
import { LineClient } from '../support/line-client.js';
import { NetworkFixture } from '../support/network-fixture.js';
import { killProcesses, startProcess } from '../support/process-fixture.js';

test.after.always(killProcesses);

async function start(t: ExecutionContext, link: 'up' | 'absent' = 'up'): Promise<GatewayFixture> {
  const fixture = await startGateway({ web: true, link });
  t.teardown(() => fixture.close());
  return fixture;
}

async function scrape({ webHost }: { readonly webHost: string }): Promise<string> {
  const { status, headers, body } = await askHttp(`http://${webHost}/metrics`);
  if (status !== 200) throw new Error(`${status} ${body}`);
  if (headers['content-type'] !== 'text/plain; version=0.0.4; charset=utf-8')
    throw new Error(`${headers['content-type']}`);
  return body.toString();
}

/** The value of a sample, named as Prometheus writes it. */
function sampleOf(text: string, sample: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  if (!line) throw new Error(`${sample} is not there`);
  return Number(line.slice(sample.length + 1));
}

/** `room.group.name` of every number. */
function placesOf(counters: unknown, path: readonly string[] = []): string[] {
  if (typeof counters === 'number') return [path.join('.')];
  return Object.entries(counters ?? {}).flatMap(([name, inner]) => placesOf(inner, [...path, name]));
}

test('every number in the method counters is a sample, and no two have the same name', async (t) => {
  const fixture = await start(t);
  const client = await LineClient.open(fixture.socketPath);
  const { result } = await client.ask('counters');
  const text = await scrape(fixture);
  const samples = describeCounters(result, manifestMetrics).flatMap(({ name, samples }) =>
    samples.map(({ labels }) => {
      const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
    }),
  );
  t.is(samples.length, placesOf(result).length);
  t.true(samples.length > 70, `${samples.length}`);
  t.is(new Set(samples).size, samples.length);
  for (const sample of samples) t.notThrows(() => sampleOf(text, sample));
  client.close();
});

/** An instrument that is not there. */
const INSTRUMENT = `[[device]]
id = "dmm"
kind = "lines"
port = "tcp:127.0.0.1:1"

[[device.message]]
type = "Reading"
json = true
fields = { voltage = { unit = "V" } }
`;

/** The systems that the gateway of the test does not have are counted by their own tests. */
function isOfThisGateway({ name }: { readonly name: string }): boolean {
  return !/^meshgate_(?:hev|dcss|grpc|gnss|daq)_/.test(name);
}

test('every number of a complete gateway has a metric of its own name (a new counter needs a row), and every metric is exposed', async (t) => {
  const { path, remove } = temporaryFolder();
  t.teardown(remove);
  const place = ['--http', '0', '--socket', join(path, 's'), '--state', path];
  const config = join(path, 'meshgate.toml');
  writeFileSync(config, INSTRUMENT);
  const args = [
    '--simulate',
    '--nodes',
    '2',
    ...place,
    '--mqtt',
    'mqtt://127.0.0.1:1',
    '--config',
    config,
    '--demo',
  ];
  const gateway = await startProcess(args, {
    MESHGATE_RECORDER_DIRECTORY: join(path, 'recordings'),
    MESHGATE_HISTORY_CLASSIC_LOG: join(path, 'log'),
    MESHGATE_DCSS_SERVER: '127.0.0.1:1',
    MESHGATE_DCSS_CLASSIFIER: 'http://127.0.0.1:1',
    MESHGATE_DCSS_SAVE: join(path, 'loops'),
    MESHGATE_DCSS_SERVE: `127.0.0.1:${await freePort()}`,
    MESHGATE_DCSS_DHS: 'loopDHS',
    MESHGATE_DATAFORGE_MODE: 'strict',
    MESHGATE_DATAFORGE_LISTEN: `127.0.0.1:${await freePort()}`,
    MESHGATE_DATAFORGE_WEB: `127.0.0.1:${await freePort()}`,
    MESHGATE_DATAFORGE_TSV: join(path, 'HV'),
  });
  const client = await LineClient.open(gateway.socketPath);
  const { result } = await client.ask('counters');
  const named = new Set(metricDefinitions(manifestMetrics).map(({ name }) => name));
  const metrics = describeCounters(result, manifestMetrics);
  for (const { name, help } of metrics) t.true(named.has(name), `${name}: ${help}`);
  const [, webHost = ''] = await gateway.printed(/dashboard: http:\/\/(.+)\//);
  const text = await scrape({ webHost });
  for (const { name, help, type } of metricDefinitions(manifestMetrics).filter(isOfThisGateway))
    t.true(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
  client.close();
  await gateway.stop();
});

test('a number without a row is exposed all the same', (t) => {
  const [alone, ...grouped] = describeCounters({ uptime: 1, newRoom: { rowsKept: { a: 2, bC: 3 } } });
  t.like(alone, { name: 'meshgate_uptime', type: 'gauge', samples: [{ labels: {}, value: 1 }] });
  t.is(grouped.length, 1);
  t.like(grouped[0], {
    name: 'meshgate_new_room_rows_kept',
    type: 'gauge',
    labels: ['what'],
    samples: [
      { labels: { what: 'a' }, value: 2 },
      { labels: { what: 'bC' }, value: 3 },
    ],
  });
});

test('metrics count what happens', async (t) => {
  const fixture = await start(t);
  const before = await scrape(fixture);
  fixture.root.say('00 05 44 01 00 07', '00 05 44 01');
  const after = await scrape(fixture);
  const rise = (sample: string) => sampleOf(after, sample) - sampleOf(before, sample);
  t.is(rise('meshgate_uart_received_frames_total'), 2);
  t.is(rise('meshgate_messages_total{kind="values"}'), 1);
  t.is(rise('meshgate_messages_malformed_total{reason="dataTooShort"}'), 1);
  t.is(sampleOf(after, 'meshgate_nodes{status="active"}'), 1);
  t.is(sampleOf(after, 'meshgate_nodes{status="idle"}'), 0);
  t.is(rise('meshgate_alarms_open'), 1);
});

test('metrics show devices with the state of their link, and why commands failed', async (t) => {
  const fixture = await start(t);
  const bench = new CommandedBench(fixture.hub, Date.now);
  bench.link('up');
  bench.source.report(FIRST_STAGE, STATE, Buffer.from([1]));
  const labels = '{device="stage",source="motion"}';
  const up = await scrape(fixture);
  t.is(sampleOf(up, 'meshgate_devices{status="active"}'), 1);
  t.is(sampleOf(up, `meshgate_device_link_up${labels}`), 1);
  const heard = sampleOf(up, `meshgate_device_last_heard_seconds${labels}`);
  t.true(Math.abs(heard - Date.now() / 1000) < 60, `${heard}`);
  const by = { owner: 'test' };
  const definition = { name: 'home', summary: '', arguments: [] };
  fixture.hub.commands.command({ address: FIRST_STAGE, definition, arguments: {}, by });
  bench.lastRun.fail('rejectedByDevice', 'busy');
  bench.link('backingOff');
  const down = await scrape(fixture);
  t.is(sampleOf(down, `meshgate_device_link_up${labels}`), 0);
  t.is(sampleOf(down, 'meshgate_device_command_failures_total{reason="rejectedByDevice"}'), 1);
});

test('gauges show the link, the root, alarms and the versions', async (t) => {
  const up = await start(t);
  const text = await scrape(up);
  t.is(sampleOf(text, 'meshgate_ready'), 1);
  t.is(sampleOf(text, 'meshgate_link_state{state="up"}'), 1);
  t.true(sampleOf(text, 'meshgate_root_silent_seconds') < 10);
  t.regex(text, /^meshgate_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1$/m);
  const down = await scrape(await start(t, 'absent'));
  t.is(sampleOf(down, 'meshgate_ready'), 0);
  t.is(sampleOf(down, 'meshgate_link_state{state="up"}'), 0);
  t.is(sampleOf(down, 'meshgate_link_state{state="absent"}'), 1);
  t.is(sampleOf(down, 'meshgate_alarms_active{code="LINK_LOST"}'), 1);
  t.regex(down, /^meshgate_root_silent_seconds \+Inf$/m, 'it was never heard');
});

test('round trips and waits are measured before they are first queried', async (t) => {
  const fixture = await start(t);
  const client = await LineClient.open(fixture.socketPath);
  fixture.root.answerNext(['00 05 41 AA']);
  const { result } = await client.ask('send', { node: 5, hex: '45AA', until: 'answered', timeoutMs: 5000 });
  t.like(result, { stage: 'answered' });
  const text = await scrape(fixture);
  t.is(sampleOf(text, 'meshgate_delivery_round_trip_seconds_count'), 1);
  t.is(sampleOf(text, 'meshgate_delivery_round_trip_seconds_bucket{le="+Inf"}'), 1);
  t.true(sampleOf(text, 'meshgate_uart_send_wait_seconds_count') >= 2, 'the list of nodes, and the ping');
  client.close();
});

test('a busy event loop shows up as late timers', async (t) => {
  const { hub, clock } = new NetworkFixture();
  const sendWaits = () => ({ bounds: [], cumulative: [], count: 0, sum: 0 });
  let late = 0;
  const slow = { now: () => 0, monotonic: () => clock.monotonic() + late, after: clock.after.bind(clock) };
  const latencies = new Latencies({ hub, clock: slow, sendWaits });
  latencies.start();
  clock.advance(1000);
  late = 400;
  clock.advance(1000);
  latencies.stop();
  clock.advance(10_000);
  const delays = latencies.read().find(({ name }) => name === 'meshgate_event_loop_delay_seconds');
  t.like(delays?.distribution, { count: 2, sum: 400 });
});

test('every metric is named by the rules of Prometheus, once, with its unit and its help', (t) => {
  const definitions = metricDefinitions(manifestMetrics);
  t.is(new Set(definitions.map(({ name }) => name)).size, definitions.length);
  for (const { name, help, type } of definitions) {
    t.regex(name, /^meshgate_[a-z]+(_[a-z]+)*$/);
    t.true(help.length > 8, name);
    t.is(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') t.true(name.endsWith('_seconds'));
  }
});

test('the text is valid for Prometheus: every line a comment or a sample, each metric in one place', async (t) => {
  const fixture = await start(t);
  await scrape(fixture);
  const lines = (await scrape(fixture)).split('\n').filter((line) => line !== '');
  const sample = /^[a-zA-Z_:][\w:]*(\{([a-z]+="[^"\\]*",?)*\})? (-?[\d.e+-]+|Nan|\+Inf)$/;
  const types = lines.filter((line) => line.startsWith('# TYPE '));
  t.is(new Set(types).size, types.length);
  for (const line of lines) t.true(line.startsWith('# ') || sample.test(line), line);
});

test('Node metrics are memory, CPU time and open files, and nothing that needs constant polling', async (t) => {
  const text = await scrape(await start(t));
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds'])
    t.true(sampleOf(text, name) >= 0);
  t.false(text.includes('nodejs_eventloop_'));
});

test('several clients may scrape at once', async (t) => {
  const fixture = await start(t);
  const texts = await Promise.all(Array.from({ length: 8 }, () => scrape(fixture)));
  for (const text of texts) t.is(sampleOf(text, 'meshgate_ready'), 1);
});
