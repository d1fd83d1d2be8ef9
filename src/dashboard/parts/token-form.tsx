import { useState } from 'preact/hooks';

interface Props {
  /** What requires the token, and where it is set. */
  readonly text: string;
  /** Why the last token was rejected; undefined if none was. */
  readonly refusal: string | undefined;
  /** Never empty. */
  readonly onToken: (token: string) => void;
}

/** Shown until a token is accepted. */
export function TokenForm({ text, refusal, onToken }: Props) {
  const [token, setToken] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    if (token !== '') onToken(token);
  };
  return (
    <main class="prompt" id="main">
      <form class="card" onSubmit={submit}>
        <h1>meshgate</h1>
        <p>{text}</p>
        {refusal && (
          <p class="failure" role="alert">
            {refusal}
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
