import { render } from 'preact';
import { App } from './app.js';
import { gateway, isFleet } from './fleet.js';
import { FleetApp } from './pages/fleet.js';
import { readToken } from './parts/token-prompt.js';
import { SessionProvider } from './store/context.js';
import { MeshSession } from './store/session.js';
import './style.css';
import { applyTheme, readTheme } from './theme.js';

applyTheme(readTheme());

const page = document.getElementById('page');
if (page) {
  if (isFleet && gateway === undefined) render(<FleetApp />, page);
  else showGateway(page);
}

function showGateway(element: HTMLElement): void {
  const query = gateway === undefined ? '' : `?gateway=${encodeURIComponent(gateway)}`;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const session = new MeshSession(`${scheme}://${location.host}/rpc${query}`, readToken());
  session.connect();
  addEventListener('online', () => session.retryNow());
  document.addEventListener('visibilitychange', () => document.hidden || session.retryNow());
  render(
    <SessionProvider value={session}>
      <App />
    </SessionProvider>,
    element,
  );
}
