import { FIELDS_HREF, fieldHref, gateway, useFleet } from '../fleet.js';

const ASK_EVERY_MS = 10_000;

/** Which field of a fleet the page shows; another one is another page, with a picture of its own. */
export function FieldSelect() {
  const { gateways } = useFleet(ASK_EVERY_MS);
  const ids = gateways?.map(({ id }) => id) ?? (gateway === undefined ? [] : [gateway]);
  const go = (id: string) => location.assign(id === '' ? FIELDS_HREF : fieldHref(id) + location.hash);
  return (
    <select
      class="field-select"
      aria-label="Field"
      value={gateway ?? ''}
      onChange={({ currentTarget }) => go(currentTarget.value)}
    >
      <option value="">All fields</option>
      {ids.map((id) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </select>
  );
}
