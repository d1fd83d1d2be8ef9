import { useSession } from '../store/context.js';
import { TokenForm } from './token-form.js';

const KEY = 'meshgate.token';

/** The token, kept until the tab is closed. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Asks for the token that the gateway requires. */
export function TokenPrompt() {
  const session = useSession();
  const connect = (token: string) => {
    keepToken(token);
    session.connect(token);
  };
  return (
    <TokenForm
      text="This gateway requires a token. It is set in the gateway’s configuration."
      refusal={readToken() === undefined ? undefined : 'The gateway rejected the token.'}
      onToken={connect}
    />
  );
}
