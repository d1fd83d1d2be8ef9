/** Settings as given, before they are checked. */

/** By name; sections are nested. */
export type GivenSettings = { readonly [name: string]: unknown };

/** Sections with nothing but `value` at this path. */
export function nest(path: readonly string[], value: unknown): GivenSettings {
  const [first = '', ...rest] = path;
  return { [first]: rest.length === 0 ? value : nest(rest, value) };
}

/** Merges two sets of settings, section by section; `over` takes precedence. */
export function merge(under: GivenSettings, over: GivenSettings): GivenSettings {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || isEmpty(value)) continue;
    const below = merged[key];
    merged[key] = isSection(below) && isSection(value) ? merge(below, value) : value;
  }
  return merged;
}

/** Undefined if nothing was given. */
export function valueAt(settings: unknown, at: readonly PropertyKey[]): unknown {
  return at.reduce<unknown>((inner, key, index) => {
    if (Array.isArray(inner) && index < at.length - 1) return inner[Number(key)];
    return isSection(inner) ? inner[String(key)] : undefined;
  }, settings);
}

/** A section without any given setting. */
function isEmpty(value: unknown): boolean {
  return isSection(value) && Object.values(value).every((inner) => inner === undefined);
}

export function isSection(value: unknown): value is GivenSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
