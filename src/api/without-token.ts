/** Removes tokens from requests before they are recorded, since recordings are shared. */

/** The text of a request; one that contains a token is reduced to its method and id. */
export function withoutToken(text: string, parsed: unknown): string {
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (!entries.some(hasToken)) return text;
  const shown = entries.map((entry) => (hasToken(entry) ? { id: entry.id, method: 'authenticate' } : entry));
  return JSON.stringify(Array.isArray(parsed) ? shown : shown[0]);
}

/** Clients may send a token that is not required, or send it twice. */
function hasToken(entry: unknown): entry is { readonly id?: unknown } {
  if (typeof entry !== 'object' || entry === null) return false;
  return 'token' in entry || ('method' in entry && entry.method === 'authenticate');
}
