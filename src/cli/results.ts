import type { MeshgateClient } from '../client/index.js';

type Method = Extract<Parameters<MeshgateClient['call']>[0], string>;

/** Result of a session method. */
export type Result<Name extends Method> = Awaited<ReturnType<typeof MeshgateClient.prototype.call<Name>>>;
