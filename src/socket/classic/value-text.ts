import type { TimedValue } from '../../node/node-values.js';
import { type DataField, type DataType, decodeValue, fieldValue } from '../../protocol/data-types.js';

/** The JSON that all values of a type share. */
interface TypeText {
  /** The name of the member and its value up to the time received. */
  readonly head: string;
  /** For each field the JSON before and after its value. */
  readonly fields: readonly { readonly field: DataField; readonly before: string; readonly after: string }[];
}

/**
 * Values as members of a JSON object, keyed by the name of the type. Built from strings: a large mesh has hundreds of
 * thousands of values, and building an object for each takes twice as long.
 */
export class ValueTexts {
  readonly #ofTypes = new Map<DataType, TypeText>();

  /** One value. */
  textOf(type: DataType, { receivedAt, deviceTime, bytes }: TimedValue): string {
    const text = this.#ofType(type);
    const fields = type.json ? JSON.stringify(decodeValue(type, bytes)) : fieldsText(text, bytes);
    const raw = bytes.toString('hex');
    return `${text.head}${receivedAt},"device_time":${deviceTime ?? null},"raw":"${raw}","fields":${fields}}`;
  }

  #ofType(type: DataType): TypeText {
    let text = this.#ofTypes.get(type);
    if (!text) {
      text = typeText(type);
      this.#ofTypes.set(type, text);
    }
    return text;
  }
}

function fieldsText({ fields }: TypeText, bytes: Buffer): string {
  let text = '{';
  for (const { field, before, after } of fields)
    text += before + scalarText(fieldValue(field, bytes)) + after;
  return `${text}}`;
}

/** JSON has no NaN and no infinity. */
function scalarText(value: number | string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return Number.isFinite(value) ? String(value) : 'null';
}

function typeText(type: DataType): TypeText {
  return {
    head: `${JSON.stringify(type.name)}:{"id":${type.id},"received":`,
    fields: type.fields.map((field, index) => ({
      field,
      before: `${index > 0 ? ',' : ''}${JSON.stringify(field.name)}:{"value":`,
      after: field.unit === undefined ? '}' : `,"unit":${JSON.stringify(field.unit)}}`,
    })),
  };
}
