/**
 * Keeps the tables of docs/*.md true: what stands between `<!-- table: NAME -->` and `<!-- end -->` is made from the
 * code and the wire examples. `--check` changes nothing and fails when a table is out of date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'smol-toml';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = (file) => import(join(root, 'dist', 'src', file));

const { ERROR_CODES } = await load('base/errors.js');
const { CLIENT_ERRORS } = await load('client/errors.js');
const { FRAME_DROP_REASONS } = await load('uart/frame.js');
const { LINK_DOWN_REASONS } = await load('link/link.js');
const { MALFORMED_REASONS } = await load('protocol/message.js');
const { ALARM_CODES } = await load('hub/alarms.js');
const { COMMAND_FAILURES } = await load('hub/failures.js');
const { CONNECTION_END_REASONS } = await load('socket/end-reasons.js');
const { WEB_END_REASONS } = await load('socket/web/web-end-reasons.js');
const { SESSION_ERRORS, CLOSING_REASONS } = await load('api/errors.js');
const { BROKER_DOWN_REASONS } = await load('mqtt/broker.js');
const { COMMAND_REFUSALS } = await load('connectors/mqtt/command-request.js');
const { methods } = await load('api/methods/index.js');
const { FAULT_COUNTS } = await load('simulator/faults/fault-counters.js');
const { LINE_FAULTS } = await load('simulator/faults/fault.js');
const { FATES } = await load('simulator/faults/ledger.js');
const { PRESETS } = await load('simulator/faults/presets.js');
const { RECORD_KINDS } = await load('recorder/block.js');
const { EXIT, EXIT_BY_CODE } = await load('cli/exit-codes.js');
const { HEALTH_REASONS } = await load('hub/health.js');
const { metricDefinitions } = await load('socket/web/metrics/metrics.js');
const { settingNames } = await load('gateway/settings.js');
const { manifestAlarms, manifestMetrics } = await load('gateway/manifests.js');
const { RELOADABLE } = await load('config/reloadable.js');

const tables = {
  frames: () =>
    wireTable(vectors('frames').frames, [
      ['body', 'body'],
      ['on the wire', 'wire'],
    ]),
  'decoder rules': () => wireTable(vectors('frames').rules, [['on the wire', 'wire']]),
  messages: () => wireTable(vectors('messages').messages, [['body', 'body']]),
  'root commands': () => wireTable(vectors('root-commands').commands, [['body', 'body']]),
  classic: () => classicTable(vectors('classic')),
  'frame drops': () => reasons(FRAME_DROP_REASONS),
  'link reasons': () => reasons(LINK_DOWN_REASONS),
  'malformed reasons': () => reasons(MALFORMED_REASONS),
  'delivery failures': () => reasons(texts(COMMAND_FAILURES)),
  'connection ends': () => reasons(CONNECTION_END_REASONS),
  'web client ends': () => reasons(WEB_END_REASONS),
  'closing reasons': () => reasons(CLOSING_REASONS),
  'broker reasons': () => reasons(BROKER_DOWN_REASONS),
  'command refusals': () => reasons(COMMAND_REFUSALS),
  'record kinds': () =>
    table(
      ['kind', 'number', 'what'],
      entries(RECORD_KINDS, (kind, { code, text }) => [kind, code, text]),
    ),
  'gateway errors': () =>
    table(
      ['code', 'meaning', 'exit code'],
      entries(ERROR_CODES, (code, text) => [code, text, EXIT_BY_CODE[code]]),
    ),
  'client errors': () => reasons(CLIENT_ERRORS),
  'session errors': () =>
    table(
      ['code', 'JSON-RPC', 'what to do'],
      entries(SESSION_ERRORS, (code, { rpc, text }) => [code, rpc, text]),
    ),
  alarms: () =>
    table(
      ['code', 'priority', 'meaning', 'ends by itself'],
      entries({ ...ALARM_CODES, ...manifestAlarms }, (code, { priority, text, lasting }) => [
        code,
        priority,
        text,
        lasting ? 'yes' : 'at once',
      ]),
    ),
  methods: () => table(['method', 'parameters', 'what it does', 'role'], methods.map(describeMethod)),
  'health reasons': () => healthReasons(HEALTH_REASONS),
  metrics: () =>
    table(['metric', 'type', 'labels', 'meaning'], metricDefinitions(manifestMetrics).map(describeMetric)),
  'live settings': () => list(RELOADABLE),
  'settings for a restart': () => list(settingNames().filter((name) => !RELOADABLE.includes(name))),
  'fault presets': () => Object.entries(PRESETS).map(presetSection).join('\n\n'),
  'fault counts': () =>
    table(
      ['count', 'of what'],
      entries(FAULT_COUNTS, (key, text) => [key, text]),
    ),
  fates: () =>
    table(
      ['fate', 'meaning'],
      entries(FATES, (key, text) => [key, text]),
    ),
  causes: () =>
    table(
      ['cause', 'meaning'],
      entries(LINE_FAULTS, (key, text) => [key, text]),
    ),
  'exit codes': () =>
    table(
      ['name', 'exit code'],
      entries(EXIT, (name, code) => [name, code]),
    ),
};

const isCheck = process.argv.includes('--check');
const stale = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && !renew(name));
if (isCheck && stale.length > 0) {
  console.error(`out of date: ${stale.map((name) => `docs/${name}`).join(', ')}; run: npm run docs`);
  process.exit(1);
}

/** False when the file's tables were not what they should be. */
function renew(name) {
  const path = join(root, 'docs', name);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(
    /(<!-- table: ([^\n]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_match, start, key, end) => `${start}\n${render(key, name)}\n\n${end}`,
  );
  if (after !== before && !isCheck) writeFileSync(path, after);
  return after === before;
}

function render(key, file) {
  if (!tables[key]) throw new Error(`docs/${file}: unknown table ${key}`);
  return tables[key]();
}

function vectors(name) {
  return JSON.parse(readFileSync(join(root, 'test', 'vectors', `${name}.json`), 'utf8'));
}

function wireTable(examples, columns) {
  return table(
    [...columns.map(([title]) => title), 'meaning'],
    examples.map((example) => [
      ...columns.map(([, key]) => hex(example[key])),
      example.meaning ?? example.rule,
    ]),
  );
}

function classicTable({ vectors: examples }) {
  return table(
    ['request', 'reply', 'meaning'],
    examples.map(({ request, reply, replyJson, meaning }) => [
      hex(request),
      reply === undefined ? hex(replyJson && `53 ${JSON.stringify(replyJson)}`) : hex(reply),
      meaning,
    ]),
  );
}

function describeMethod({ name, params, summary, role }) {
  const given = Object.entries(params.shape).map(([key, schema]) =>
    schema.safeParse(undefined).success ? `${key}?` : key,
  );
  return [`\`${name}\``, given.map((key) => `\`${key}\``).join(' '), summary, role];
}

function describeMetric({ name, type, labels, help }) {
  return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(' '), help];
}

/** `a`, `b`, … in lines of the usual length. */
function list(names) {
  const lines = [''];
  for (const [index, name] of names.entries()) {
    const word = `\`${name}\`${index < names.length - 1 ? ',' : ''}`;
    if (lines.at(-1).length + word.length > 110) lines.push(word);
    else lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.join('\n');
}

function presetSection([name, { text, faults }]) {
  const sentence = text[0].toUpperCase() + text.slice(1);
  return `### \`${name}\`\n\n${sentence}.\n\n\`\`\`toml\n${stringify(faults).trim()}\n\`\`\``;
}

function healthReasons(list) {
  return table(
    ['reason', 'level', 'meaning'],
    entries(list, (key, { level, text }) => [key, level, text]),
  );
}

function reasons(list) {
  return table(
    ['reason', 'meaning'],
    entries(list, (key, text) => [key, text]),
  );
}

function texts(list) {
  return Object.fromEntries(Object.entries(list).map(([key, { text }]) => [key, text]));
}

function entries(list, describe) {
  return Object.entries(list).map(([key, value]) =>
    describe(key, value).map((cell, index) => (index === 0 ? `\`${cell}\`` : cell)),
  );
}

function hex(text) {
  return text === undefined || text === '' ? '' : `\`${text}\``;
}

function table(titles, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}
