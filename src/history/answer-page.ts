import type { ArchivedValue, ArchivePage } from '../hub/archive.js';
import { type DataTypes, fitsType } from '../protocol/data-types.js';
import { readRecords } from './event-record.js';
import type { Answer } from './thread-messages.js';

/** The values in an answer of the reader's thread. A type that no longer fits is named. */
export function pageOf(answer: Answer, dataTypes: DataTypes): ArchivePage {
  if (answer.kind !== 'values') return { values: [], next: undefined, progress: 1 };
  const former = new Map(answer.formerTypes.map(({ node, typeId, name }) => [`${node}.${typeId}`, name]));
  const values: ArchivedValue[] = [];
  for (const record of readRecords(answer.values)) {
    if (record.kind !== 'value') continue;
    const { node, typeId, receivedAt, deviceTime, bytes } = record;
    const value = deviceTime === undefined ? { receivedAt, bytes } : { receivedAt, deviceTime, bytes };
    const type = dataTypes.findById(typeId);
    const formerType = former.get(`${node}.${typeId}`) ?? (type && !fitsType(type, bytes) && type.name);
    values.push({ node, typeId, value, ...(formerType && { formerType }) });
  }
  return { values, next: answer.next, progress: answer.progress };
}
