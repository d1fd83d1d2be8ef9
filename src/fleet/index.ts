/** The package's export `meshgate/fleet`. */
export type { BrokerOptions } from './broker.js';
export { connectFleet, Fleet, type FleetOptions } from './fleet.js';
export type { GatewayState } from './roster.js';
