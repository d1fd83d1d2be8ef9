/** Runs one benchmark by name, or all: `npm run bench -- cpu`. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(): Promise<object[]> }>>> = {
  cpu: () => import('./cpu.js'),
  history: () => import('./history.js'),
  recorder: () => import('./recorder.js'),
  'mqtt-uplink': () => import('./mqtt-uplink.js'),
  'websocket-fanout': () => import('./websocket-fanout.js'),
};

const [wanted] = process.argv.slice(2);
if (wanted !== undefined && !BENCHMARKS[wanted]) {
  console.error(`there is no benchmark ${wanted}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted !== undefined && wanted !== name) continue;
  console.log(name);
  console.table(await (await load()).run());
}
