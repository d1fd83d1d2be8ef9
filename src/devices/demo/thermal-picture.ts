/** A thermal picture as PNG: signature, then chunks `length (4) | type (4) | data | CRC-32 of type and data (4)`. */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const WIDTH = 48;
const HEIGHT = 32;
const RGB = { bitDepth: 8, colorType: 2 };
/** °C at the cold and the hot end of the colours. */
const SCALE = { cold: 20, hot: 70 };
const SPOT_RADIUS = 14;

/** `temperature` of the hottest spot, °C; `phase`: where the spot is, 0–1 around the middle. */
export function thermalPicture(temperature: number, phase: number): Buffer {
  const lines = Array.from({ length: HEIGHT }, (_, y) => lineOf(y, temperature, phase));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header[8] = RGB.bitDepth;
  header[9] = RGB.colorType;
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.concat(lines)))];
  return Buffer.concat([SIGNATURE, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

/** A zero byte (no filter), then three bytes for each pixel. */
function lineOf(y: number, temperature: number, phase: number): Buffer {
  const line = Buffer.alloc(1 + WIDTH * 3);
  const centreX = WIDTH / 2 + Math.cos(2 * Math.PI * phase) * 8;
  const centreY = HEIGHT / 2 + Math.sin(2 * Math.PI * phase) * 5;
  for (let x = 0; x < WIDTH; x++) {
    const distance = Math.hypot(x - centreX, y - centreY) / SPOT_RADIUS;
    const degrees = SCALE.cold + (temperature - SCALE.cold) * Math.exp(-distance * distance);
    line.set(colourOf((degrees - SCALE.cold) / (SCALE.hot - SCALE.cold)), 1 + x * 3);
  }
  return line;
}

/** Black, blue, red, yellow, white. */
const COLOURS = [
  [0, 0, 20],
  [40, 0, 160],
  [220, 40, 30],
  [255, 200, 20],
  [255, 255, 255],
] as const;

/** `share`: 0 cold – 1 hot. */
function colourOf(share: number): number[] {
  const at = Math.min(1, Math.max(0, share)) * (COLOURS.length - 1);
  const index = Math.min(COLOURS.length - 2, Math.floor(at));
  const [low = COLOURS[0], high = COLOURS[0]] = COLOURS.slice(index, index + 2);
  return low.map((value, part) => Math.round(value + ((high[part] ?? 0) - value) * (at - index)));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
