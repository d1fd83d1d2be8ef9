/** Origins of pages, as browsers send them: `http://localhost:3000`, `app://name`; `null` for a page from a file. */

/** An origin as browsers send it; undefined for a text that is not one. A slash at the end is left out. */
export function readOrigin(text: string): string | undefined {
  if (text === 'null') return text;
  const [, origin] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+)\/?$/i.exec(text) ?? [];
  if (origin === undefined || !URL.canParse(origin)) return undefined;
  return isWeb(origin) ? new URL(origin).origin : origin;
}

/** The host's name in a web origin; undefined where there is none: `null`, other schemes, what can not be read. */
export function hostNameOf(origin: string): string | undefined {
  if (!isWeb(origin) || !URL.canParse(origin)) return undefined;
  return new URL(origin).hostname || undefined;
}

function isWeb(origin: string): boolean {
  return /^https?:\/\//i.test(origin);
}
