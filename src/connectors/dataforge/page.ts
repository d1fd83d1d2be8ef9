/** The page of the HV server: the voltage, a form for both commands, and the last messages. */

interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>High voltage</title>
<link rel="stylesheet" href="/assets/hv.css">
<script src="/assets/hv.js" defer></script>
</head>
<body>
<main>
<h1>High voltage</h1>
<p id="link" role="status">connecting …</p>
<p><output id="voltage" aria-live="off">–</output> V</p>
<form id="form">
<label>Voltage [V] <input id="set" type="number" step="any" required></label>
<label><input id="check" type="checkbox"> Check</label>
<label>Maximum error [V] <input id="error" type="number" step="any" min="0" value="3"></label>
<label>Time-out [s] <input id="timeout" type="number" step="any" min="0" value="20"></label>
<button>Set</button>
</form>
<p id="answer" role="status"></p>
<h2>Messages</h2>
<ol id="log"></ol>
</main>
</body>
</html>
`;

const CSS = `body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem; color: #1b1f24; background: #fff; }
main { max-width: 44rem; }
#voltage { font-size: 3rem; font-variant-numeric: tabular-nums; }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; }
input[type='number'] { width: 7rem; font: inherit; }
button { font: inherit; padding: 0.25rem 1.25rem; }
#log { font: 13px/1.4 ui-monospace, monospace; padding-left: 2.5rem; }
.error { color: #b00020; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #15181c; }
  .error { color: #ff8a8a; }
}
`;

const SCRIPT = `'use strict';
const MAX_LINES = 20;
const find = (id) => document.getElementById(id);
const state = { socket: undefined };

function connect() {
  const path = (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/channel';
  const socket = new WebSocket(path);
  state.socket = socket;
  socket.onopen = () => { find('link').textContent = 'connected'; };
  socket.onclose = () => {
    find('link').textContent = 'not connected; trying again …';
    setTimeout(connect, 2000);
  };
  socket.onmessage = ({ data }) => show(JSON.parse(data));
}

function show(message) {
  if (message.answer_type === 'get_voltage') find('voltage').textContent = message.voltage.toFixed(1);
  else if (message.type === 'reply' || /^set_voltage/.test(message.answer_type)) answer(message);
  const line = document.createElement('li');
  line.textContent = JSON.stringify(message);
  find('log').prepend(line);
  while (find('log').children.length > MAX_LINES) find('log').lastChild.remove();
}

function answer(message) {
  const isError = message.type === 'reply' || message.status !== 'ok';
  const seen = message.voltage === undefined ? '' : ' (' + message.voltage.toFixed(1) + ' V)';
  find('answer').textContent = message.type === 'reply' ? message.description : message.status + seen;
  find('answer').className = isError ? 'error' : '';
}

find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const voltage = find('set').valueAsNumber;
  const command = { type: 'command', command_type: 'set_voltage', block: '1', voltage };
  if (find('check').checked) {
    command.command_type = 'set_voltage_and_check';
    command.max_error = find('error').valueAsNumber;
    command.timeout = find('timeout').valueAsNumber;
  }
  if (!confirm('Set the high voltage to ' + voltage + ' V?')) return;
  find('answer').textContent = '…';
  find('answer').className = '';
  state.socket.send(JSON.stringify(command));
});

connect();
`;

export const PAGE_FILES: Readonly<Record<string, PageFile>> = {
  '/': { type: 'text/html; charset=utf-8', bytes: Buffer.from(HTML) },
  '/assets/hv.css': { type: 'text/css; charset=utf-8', bytes: Buffer.from(CSS) },
  '/assets/hv.js': { type: 'text/javascript; charset=utf-8', bytes: Buffer.from(SCRIPT) },
};
