import { useState } from 'preact/hooks';
import { useSession } from '../store/context.js';

const KEY = 'meshgate.token';

/** Kept as long as the tab is open, and no longer. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Asks for the token that the gateway demands. */
export function TokenPrompt() {
  const session = useSession();
  const [token, setToken] = useState('');
  const wasRefused = readToken() !== undefined;
  const submit = (event: Event) => {
    event.preventDefault();
    if (token === '') return;
    keepToken(token);
    session.connect(token);
  };
  return (
    <main class="prompt" id="main">
      <form class="card" onSubmit={submit}>
        <h1>meshgate</h1>
        <p>This gateway wants a token. It stands in the gateway’s settings.</p>
        {wasRefused && (
          <p class="failure" role="alert">
            The gateway did not accept the token.
          </p>
        )}
        <label class="field">
          <span>Token</span>
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary">
          Connect
        </button>
      </form>
    </main>
  );
}
