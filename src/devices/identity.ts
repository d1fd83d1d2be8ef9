/**
 * Addresses and ids that are the same after each restart, because they follow from names alone: FNV-1a of the name, in
 * lower case, in a range of its own. Two names can collide; then one of them needs a number in the settings.
 */

/** Of devices in `[[device]]`, unless `address` is given. */
export const DERIVED_ADDRESSES = { first: 0x30000, last: 0xff_ffff } as const;
/** Of data types that are named in the settings, unless `type_id` is given. */
export const DERIVED_TYPE_IDS = { first: 0x1000, last: 0xffff } as const;

export function addressOfId(id: string): number {
  return derive(id, DERIVED_ADDRESSES);
}

export function typeIdOfName(name: string): number {
  return derive(name, DERIVED_TYPE_IDS);
}

function derive(name: string, { first, last }: { readonly first: number; readonly last: number }): number {
  return first + (fnv1a(name.toLowerCase()) % (last - first + 1));
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
