import type { MeshgateClient } from '../client/index.js';

type Method = Extract<Parameters<MeshgateClient['call']>[0], string>;

/** What a method of the session answers. */
export type Result<Name extends Method> = Awaited<ReturnType<typeof MeshgateClient.prototype.call<Name>>>;
