import { FLEET_HREF, gateway, gatewayHref, useFleet } from '../fleet.js';

const POLL_EVERY_MS = 10_000;

/** Selects a gateway of the fleet; each has its own page. */
export function GatewaySelect() {
  const { gateways } = useFleet(POLL_EVERY_MS);
  const ids = gateways?.map(({ id }) => id) ?? (gateway === undefined ? [] : [gateway]);
  const go = (id: string) => location.assign(id === '' ? FLEET_HREF : gatewayHref(id) + location.hash);
  return (
    <select
      class="gateway-select"
      aria-label="Gateway"
      value={gateway ?? ''}
      onChange={({ currentTarget }) => go(currentTarget.value)}
    >
      <option value="">All gateways</option>
      {ids.map((id) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </select>
  );
}
