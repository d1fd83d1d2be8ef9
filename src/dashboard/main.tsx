import { render } from 'preact';
import { App } from './app.js';
import { readToken } from './parts/token-prompt.js';
import { SessionProvider } from './store/context.js';
import { MeshSession } from './store/session.js';
import './style.css';
import { applyTheme, readTheme } from './theme.js';

applyTheme(readTheme());

const session = new MeshSession(
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`,
  readToken(),
);
session.connect();
addEventListener('online', () => session.retryNow());
document.addEventListener('visibilitychange', () => document.hidden || session.retryNow());

const page = document.getElementById('page');
if (page) {
  render(
    <SessionProvider value={session}>
      <App />
    </SessionProvider>,
    page,
  );
}
