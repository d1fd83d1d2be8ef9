/** The configured background image of the map: checked when the gateway starts, read for each request. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { MapInfo } from '../../api/shapes.js';
import { errorText, MeshgateError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';

export const MAP_PICTURE_PATH = '/map/image';

/** Bytes of the largest image: decoded in the browser, it is many times larger. */
const MAX_LENGTH = 64 * 1024 * 1024;

const SIGNATURES = [
  { hex: '89504e470d0a1a0a', type: 'image/png' },
  { hex: '49492a00', type: 'image/tiff' },
  { hex: '4d4d002a', type: 'image/tiff' },
  { hex: '49492b00', type: 'image/tiff' },
  { hex: '4d4d002b', type: 'image/tiff' },
] as const;
const SIGNATURE_LENGTH = 8;

/** If the path has become a pipe, opening it must not wait for a writer. */
const OPEN_TO_READ = constants.O_RDONLY | constants.O_NONBLOCK;

type PictureType = (typeof SIGNATURES)[number]['type'];

export class MapPicture {
  /** The URL in `image` contains a key: a page can't send a token with an image request. */
  readonly facts: MapInfo;
  readonly #path: string | undefined;
  readonly #type: PictureType | undefined;
  readonly #key = randomBytes(16).toString('hex');

  /** Throws `BAD_CONFIG` if the image is missing, invalid, too large, or has no position. */
  constructor({ image, corners, tiles, attribution }: Config['map']) {
    this.#path = image;
    this.#type = image === undefined ? undefined : checkPicture(image);
    if (this.#type === 'image/png' && corners === undefined)
      throw badPicture(image, 'a PNG has no position; set map.corners');
    this.facts = {
      image: image === undefined ? null : `${MAP_PICTURE_PATH}?key=${this.#key}`,
      corners: corners ?? null,
      tiles: tiles ?? null,
      attribution: attribution ?? null,
    };
  }

  /**
   * Answers a GET or HEAD; false if there is no image, or if `needsKey` and the key is wrong. Rejects with the system's
   * error if the file can't be read any more; once the answer has begun, it closes the connection instead.
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

/** If the file has become shorter, the connection is closed, so that the client notices. */
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
  if (!known) throw badPicture(path, 'not a PNG or TIFF image');
  if (length > MAX_LENGTH) throw badPicture(path, `image larger than ${MAX_LENGTH} bytes`);
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
