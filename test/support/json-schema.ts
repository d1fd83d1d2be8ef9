/** Checks a value against the JSON Schemas that the OpenRPC document uses; an unknown keyword is an error. */

type Schema = Readonly<Record<string, unknown>>;

/** The violations, each with its path; empty when the value is valid. */
export function schemaFaults(schema: unknown, value: unknown, path = '$'): string[] {
  if (schema === true || isEmpty(schema)) return [];
  if (typeof schema !== 'object' || schema === null) return [`${path}: no schema`];
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = KEYWORDS[keyword];
    return check ? check(rule, value, path, schema as Schema) : [`${path}: unknown keyword ${keyword}`];
  });
}

type Check = (rule: unknown, value: unknown, path: string, schema: Schema) => string[];

const fine: Check = () => [];

const KEYWORDS: Readonly<Record<string, Check>> = {
  description: fine,
  default: fine,
  required: (rule, value, path) => {
    const missing = isRecord(value) ? (rule as string[]).filter((name) => !(name in value)) : [];
    return missing.map((name) => `${path}.${name}: missing`);
  },
  type: (rule, value, path) =>
    [rule].flat().some((type) => isOfType(String(type), value)) ? [] : [`${path}: no ${rule}: ${value}`],
  enum: (rule, value, path) =>
    (rule as unknown[]).includes(value) ? [] : [`${path}: not allowed: ${value}`],
  const: (rule, value, path) => (rule === value ? [] : [`${path}: not ${rule}`]),
  minimum: (rule, value, path) => (Number(value) >= Number(rule) ? [] : [`${path}: under ${rule}`]),
  maximum: (rule, value, path) => (Number(value) <= Number(rule) ? [] : [`${path}: over ${rule}`]),
  minLength: (rule, value, path) => (String(value).length >= Number(rule) ? [] : [`${path}: too short`]),
  maxLength: (rule, value, path) => (String(value).length <= Number(rule) ? [] : [`${path}: too long`]),
  minItems: (rule, value, path) => (lengthOf(value) >= Number(rule) ? [] : [`${path}: too few`]),
  maxItems: (rule, value, path) => (lengthOf(value) <= Number(rule) ? [] : [`${path}: too many`]),
  pattern: (rule, value, path) => (new RegExp(String(rule)).test(String(value)) ? [] : [`${path}: ${value}`]),
  anyOf: (rule, value, path) => oneFits(rule as unknown[], value, path),
  oneOf: (rule, value, path) => oneFits(rule as unknown[], value, path),
  propertyNames: (rule, value, path) =>
    isRecord(value) ? Object.keys(value).flatMap((name) => schemaFaults(rule, name, `${path} name`)) : [],
  properties: (rule, value, path) =>
    isRecord(value)
      ? Object.entries(rule as Schema)
          .filter(([name]) => name in value)
          .flatMap(([name, schema]) => schemaFaults(schema, value[name], `${path}.${name}`))
      : [],
  additionalProperties: (rule, value, path, { properties = {} }) => {
    const others = isRecord(value)
      ? Object.entries(value).filter(([name]) => !(name in (properties as Schema)))
      : [];
    if (rule === false) return others.map(([name]) => `${path}.${name}: not in the schema`);
    return others.flatMap(([name, other]) => schemaFaults(rule, other, `${path}.${name}`));
  },
  prefixItems: (rule, value, path) =>
    Array.isArray(value)
      ? (rule as unknown[]).flatMap((schema, index) =>
          schemaFaults(schema, value[index], `${path}[${index}]`),
        )
      : [],
  items: (rule, value, path) =>
    Array.isArray(value)
      ? value.flatMap((entry, index) => schemaFaults(rule, entry, `${path}[${index}]`))
      : [],
};

function oneFits(schemas: readonly unknown[], value: unknown, path: string): string[] {
  const faults = schemas.map((schema) => schemaFaults(schema, value, path));
  return faults.some(({ length }) => length === 0) ? [] : faults.flat();
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'integer':
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(schema: unknown): boolean {
  return isRecord(schema) && Object.keys(schema).length === 0;
}
