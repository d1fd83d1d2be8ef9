/** Background images of the map: from the gateway's configuration, or from the user's disk. */
import type { MapInfo } from '../../api/shapes.js';
import { type Corners, MAX_PICTURE_LENGTH, type Picture, PictureError } from './picture.js';

/** The configured image; undefined if there is none. */
export async function fetchPicture({ image, corners }: MapInfo): Promise<Picture | undefined> {
  if (image === null) return undefined;
  const response = await fetch(image);
  if (!response.ok) throw new PictureError(`the gateway returned HTTP ${response.status}`);
  return openPicture(await response.blob(), corners ?? undefined);
}

/** Throws a `PictureError`. `corners`: used if the file has no coordinates of its own. */
export async function openPicture(file: Blob, corners: Corners | undefined): Promise<Picture> {
  if (file.size > MAX_PICTURE_LENGTH) throw new PictureError('the file is larger than 64 MiB');
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (isTiff(start)) return openTiff(file, corners);
  if (!isPngOrJpeg(start)) throw new PictureError('not a PNG, JPEG or TIFF file');
  if (!corners) throw new PictureError('a PNG or JPEG has no coordinates: enter four valid corners');
  return { url: URL.createObjectURL(file), corners };
}

/** Undefined unless all four are valid: north above south, west of east. */
export function readCorners(texts: readonly string[]): Corners | undefined {
  const [north = Number.NaN, west = Number.NaN, south = Number.NaN, east = Number.NaN] = texts.map((text) =>
    text.trim() === '' ? Number.NaN : Number(text),
  );
  const isValid = north > south && north <= 90 && south >= -90 && west < east && west >= -180 && east <= 180;
  return isValid ? [north, west, south, east] : undefined;
}

async function openTiff(file: Blob, given: Corners | undefined): Promise<Picture> {
  const { decodeGeoTiff } = await import('./geotiff-picture.js');
  const { picture, corners } = await decodeGeoTiff(await file.arrayBuffer());
  const position = corners ?? given;
  if (!position) throw new PictureError('this TIFF is not in EPSG:4326: enter four valid corners');
  return { url: URL.createObjectURL(picture), corners: position };
}

function isTiff(start: Uint8Array): boolean {
  const [a, b, c, d] = start;
  return (
    (a === 0x49 && b === 0x49 && d === 0 && isTiffVersion(c)) ||
    (a === 0x4d && b === 0x4d && c === 0 && isTiffVersion(d))
  );
}

/** 42 is TIFF, 43 BigTIFF. */
function isTiffVersion(byte: number | undefined): boolean {
  return byte === 42 || byte === 43;
}

function isPngOrJpeg([a, b]: Uint8Array): boolean {
  return (a === 0x89 && b === 0x50) || (a === 0xff && b === 0xd8);
}
