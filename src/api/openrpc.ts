import * as z from 'zod';
import { CLOSING_REASONS, SESSION_ERRORS } from './errors.js';
import type { Method } from './method.js';
import { eventShape } from './shapes.js';

/** The OpenRPC document of these methods, generated from the schemas that validate them. */
export function describeOpenRpc(methods: readonly Method[], version: string) {
  return {
    openrpc: '1.3.2',
    info: { title: 'meshgate', version, description: 'The JSON-RPC session of a meshgate gateway.' },
    methods: methods.map(describeMethod),
    components: {
      errors: Object.fromEntries(
        Object.entries(SESSION_ERRORS).map(([code, { rpc, text }]) => [
          code,
          { code: rpc, message: text, data: { code } },
        ]),
      ),
      schemas: { event: toJsonSchema(eventShape, 'output') },
    },
    'x-notifications': {
      event: 'params: {subscription, event}; event as in components.schemas.event',
      gap: 'params: {subscription, from, to, dropped, coalesced}: events with these numbers were not delivered, both ends included; values among them that are still the latest of their node and type follow',
      closing: `params: {reason}: one of ${Object.keys(CLOSING_REASONS).join(', ')}`,
    },
  };
}

function describeMethod({ name, summary, params, result, role }: Method) {
  return {
    name,
    summary,
    paramStructure: 'by-name',
    params: Object.entries(params.shape).map(([key, schema]) => ({
      name: key,
      required: !(schema as z.ZodType).safeParse(undefined).success,
      schema: toJsonSchema(schema as z.ZodType, 'input'),
    })),
    result: { name: 'result', schema: toJsonSchema(result, 'output') },
    'x-role': role,
    'x-writes': role !== 'read',
  };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
