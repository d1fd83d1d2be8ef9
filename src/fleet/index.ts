/** What `import … from 'meshgate/fleet'` gives. */
export type { BrokerOptions } from './broker.js';
export { connectFleet, Fleet, type FleetOptions } from './fleet.js';
export type { GatewayState } from './roster.js';
