import { render } from 'preact';
import { App } from './app.js';
import { gateway, isFleet } from './fleet.js';
import { FieldsApp } from './pages/fields.js';
import { readToken } from './parts/token-prompt.js';
import { SessionProvider } from './store/context.js';
import { MeshSession } from './store/session.js';
import './style.css';
import { applyTheme, readTheme } from './theme.js';

applyTheme(readTheme());

const page = document.getElementById('page');
if (page) {
  if (isFleet && gateway === undefined) render(<FieldsApp />, page);
  else showGateway(page);
}

function showGateway(element: HTMLElement): void {
  const which = gateway === undefined ? '' : `?gateway=${encodeURIComponent(gateway)}`;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const session = new MeshSession(`${scheme}://${location.host}/rpc${which}`, readToken());
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
