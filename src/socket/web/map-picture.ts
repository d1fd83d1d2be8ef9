/** The background picture of the map, which a setting names: checked when the gateway starts, read when it is asked for. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { MapInfo } from '../../api/shapes.js';
import { errorText, MeshgateError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';

export const MAP_PICTURE_PATH = '/map/image';

/** Bytes of the largest picture: a browser holds it decoded, many times as large. */
const MAX_LENGTH = 64 * 1024 * 1024;

const SIGNATURES = [
  { hex: '89504e470d0a1a0a', type: 'image/png' },
  { hex: '49492a00', type: 'image/tiff' },
  { hex: '4d4d002a', type: 'image/tiff' },
  { hex: '49492b00', type: 'image/tiff' },
  { hex: '4d4d002b', type: 'image/tiff' },
] as const;
const SIGNATURE_LENGTH = 8;

/** Opening a pipe that has taken the picture's path must not wait for a writer. */
const OPEN_TO_READ = constants.O_RDONLY | constants.O_NONBLOCK;

type PictureType = (typeof SIGNATURES)[number]['type'];

export class MapPicture {
  /** `image` holds a key: a page has no way to show a token for a picture. */
  readonly facts: MapInfo;
  readonly #path: string | undefined;
  readonly #type: PictureType | undefined;
  readonly #key = randomBytes(16).toString('hex');

  /** Throws `BAD_CONFIG` for a picture that is not there, is none, is too large, or whose place nothing tells. */
  constructor({ image, corners, tiles, attribution }: Config['map']) {
    this.#path = image;
    this.#type = image === undefined ? undefined : checkPicture(image);
    if (this.#type === 'image/png' && corners === undefined)
      throw badPicture(image, 'a PNG does not say where it lies, so map.corners must be set');
    this.facts = {
      image: image === undefined ? null : `${MAP_PICTURE_PATH}?key=${this.#key}`,
      corners: corners ?? null,
      tiles: tiles ?? null,
      attribution: attribution ?? null,
    };
  }

  /**
   * Answers a GET or HEAD; false where there is no picture, or the key is wrong and `needsKey`. Rejects with the
   * system's error, whatever has become of the file since the start; where the answer had begun, the connection is cut.
   */
  async serve(request: IncomingMessage, response: ServerResponse, needsKey: boolean): Promise<boolean> {
    const key = new URL(request.url ?? '/', 'http://localhost').searchParams.get('key');
    if (this.#path === undefined || (needsKey && key !== this.#key)) return false;
    const file = await open(this.#path, OPEN_TO_READ);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_LENGTH) return false;
      response.writeHead(200, {
        'content-type': this.#type,
        'content-length': stat.size,
        'cache-control': 'private, no-cache',
      });
      if (request.method === 'HEAD' || stat.size === 0) response.end();
      else await sendFile(file, stat.size, response);
      return true;
    } finally {
      await file.close();
    }
  }
}

/** A file that has become shorter meanwhile leaves the client without the rest: the connection ends, so that it knows. */
async function sendFile(file: FileHandle, length: number, response: ServerResponse): Promise<void> {
  const stream = file.createReadStream({ end: length - 1, autoClose: false });
  try {
    await pipeline(stream, response, { end: false });
  } catch {
    response.destroy();
    return;
  }
  if (stream.bytesRead < length) response.destroy();
  else response.end();
}

function checkPicture(path: string): PictureType {
  const { start, length } = readStart(path);
  const known = SIGNATURES.find(({ hex }) => start.startsWith(hex));
  if (!known) throw badPicture(path, 'this is neither a PNG nor a TIFF picture');
  if (length > MAX_LENGTH) throw badPicture(path, `a picture may have ${MAX_LENGTH} bytes at most`);
  return known.type;
}

function readStart(path: string): { start: string; length: number } {
  let file: number | undefined;
  try {
    file = openSync(path, OPEN_TO_READ);
    if (!fstatSync(file).isFile()) throw new Error('not a file');
    const start = Buffer.alloc(SIGNATURE_LENGTH);
    const read = readSync(file, start, 0, SIGNATURE_LENGTH, 0);
    return { start: start.toString('hex', 0, read), length: fstatSync(file).size };
  } catch (error) {
    throw badPicture(path, errorText(error));
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function badPicture(path: string | undefined, why: string): MeshgateError {
  return new MeshgateError('BAD_CONFIG', `map.image = ${JSON.stringify(path)}: ${why}`);
}
