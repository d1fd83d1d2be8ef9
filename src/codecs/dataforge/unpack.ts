/** The data of an envelope whose meta says `"compression": "zlib"`. */
import { inflateSync } from 'node:zlib';
import { compressionOf, type Envelope } from './envelope.js';

/** Unpacked; undefined if it is not a zlib stream, or longer than `maxLength` when unpacked. */
export function unpackData(
  { meta, data }: Pick<Envelope, 'meta' | 'data'>,
  maxLength: number,
): Buffer | undefined {
  if (compressionOf(meta) === undefined) return data.length <= maxLength ? data : undefined;
  try {
    return inflateSync(data, { maxOutputLength: maxLength });
  } catch {
    return undefined;
  }
}
