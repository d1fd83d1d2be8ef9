/** Origins of web pages, as sent by browsers: `http://localhost:3000`, `app://name`; `null` for a page from a file. */

/** The origin in the form that browsers send; undefined if it is not valid. A trailing slash is removed. */
export function readOrigin(text: string): string | undefined {
  if (text === 'null') return text;
  const [, origin] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+)\/?$/i.exec(text) ?? [];
  if (origin === undefined || !URL.canParse(origin)) return undefined;
  return isWeb(origin) ? new URL(origin).origin : origin;
}

/** The host name of a web origin; undefined for `null`, other schemes and invalid origins. */
export function hostNameOf(origin: string): string | undefined {
  if (!isWeb(origin) || !URL.canParse(origin)) return undefined;
  return new URL(origin).hostname || undefined;
}

function isWeb(origin: string): boolean {
  return /^https?:\/\//i.test(origin);
}
