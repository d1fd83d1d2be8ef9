/** Decodes a GeoTIFF. The decoder is large: this module is loaded only when needed. */
import { fromArrayBuffer, type GeoTIFFImage } from 'geotiff';
import type { Corners } from './picture.js';

export interface DecodedTiff {
  /** A PNG. */
  readonly picture: Blob;
  /** Undefined unless the file is in EPSG:4326. */
  readonly corners: Corners | undefined;
}

/** Maximum pixels along the longer side: more are not visible, and cost memory. */
const MAX_SIDE = 4096;
const WGS84 = 4326;

/** Rejects with the decoder's error if the file can't be read. */
export async function decodeGeoTiff(bytes: ArrayBuffer): Promise<DecodedTiff> {
  const tiff = await fromArrayBuffer(bytes);
  const image = await tiff.getImage();
  return { picture: await toPng(image), corners: cornersOf(image) };
}

function cornersOf(image: GeoTIFFImage): Corners | undefined {
  const keys = image.getGeoKeys();
  if (keys?.GeographicTypeGeoKey !== WGS84 || keys.ProjectedCSTypeGeoKey !== undefined) return undefined;
  const [west, south, east, north] = image.getBoundingBox();
  if (west === undefined || south === undefined || east === undefined || north === undefined)
    return undefined;
  return [north, west, south, east];
}

async function toPng(image: GeoTIFFImage): Promise<Blob> {
  const shrink = Math.min(1, MAX_SIDE / Math.max(image.getWidth(), image.getHeight()));
  const width = Math.max(1, Math.round(image.getWidth() * shrink));
  const height = Math.max(1, Math.round(image.getHeight() * shrink));
  const samples = await image.readRGB({ interleave: true, width, height });
  const pixels = new ImageData(toRgba(samples, width * height), width, height);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas.convertToBlob();
}

/** Reduces 16-bit samples to 8 bits. */
function toRgba(rgb: ArrayLike<number>, pixels: number): Uint8ClampedArray<ArrayBuffer> {
  const scale = rgb instanceof Uint16Array ? 1 / 257 : 1;
  const rgba = new Uint8ClampedArray(pixels * 4).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgba[pixel * 4 + channel] = (rgb[pixel * 3 + channel] ?? 0) * scale;
    }
  }
  return rgba;
}
