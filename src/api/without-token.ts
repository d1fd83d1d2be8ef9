/** What the flight recorder is given of a request: no token, since recordings are passed on. */

/** A request's text as it came; where one shows a token, all is left of that one but method and id. */
export function withoutToken(text: string, parsed: unknown): string {
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (!entries.some(showsToken)) return text;
  const shown = entries.map((entry) =>
    showsToken(entry) ? { id: entry.id, method: 'authenticate' } : entry,
  );
  return JSON.stringify(Array.isArray(parsed) ? shown : shown[0]);
}

/** As a client does that shows one though none is asked for, or one more than it needs. */
function showsToken(entry: unknown): entry is { readonly id?: unknown } {
  if (typeof entry !== 'object' || entry === null) return false;
  return 'token' in entry || ('method' in entry && entry.method === 'authenticate');
}
