/** `meshgate device ID --image FILE` */
import { MeshgateError } from '../../../base/errors.js';
import { type DeviceDetails, type MeshgateClient, RequestError } from '../../../client/index.js';
import { nameKey } from '../../../protocol/names.js';
import { isStandardOutput, OutputFile } from '../../files.js';
import { printBytes } from '../../output.js';
import { parseNumberOrName } from '../../text/address.js';
import { formatBytesAmount } from '../../text/numbers.js';
import type { View } from '../../text/terminal.js';
import { formatWhen } from '../../text/time.js';

export interface SavedImage {
  /** Null for standard output. */
  readonly file: string | null;
  readonly device: string;
  readonly type: string;
  readonly mediaType: string;
  readonly receivedAt: number;
  readonly bytes: number;
}

/** Rejects with `BAD_USAGE`, `TYPE_NOT_FOUND`, `NO_PERMISSION` or `FILE_FAILED`. */
export async function saveImage(
  wanted: number | string,
  { file, type }: { readonly file: string | undefined; readonly type: string | undefined },
  client: MeshgateClient,
): Promise<SavedImage> {
  if (file === undefined) throw new MeshgateError('BAD_USAGE', '--type needs --image FILE');
  const device = await client.device(wanted);
  const { type: name } = chooseImage(device, type);
  const { data, mediaType, receivedAt } = await client.image(device.id, name);
  if (isStandardOutput(file)) await printBytes(data);
  else write(file, data);
  const saved = { device: device.id, type: name, mediaType, receivedAt, bytes: data.length };
  return { file: isStandardOutput(file) ? null : file, ...saved };
}

function chooseImage({ id, images }: DeviceDetails, type: string | undefined) {
  const names = images.map((image) => image.type).join(', ');
  const wanted = type === undefined ? undefined : parseNumberOrName(type);
  const isWanted = (image: { readonly type: string; readonly id: number }) =>
    wanted === undefined || image.id === wanted || nameKey(image.type) === nameKey(String(wanted));
  const [image, other] = images.filter(isWanted);
  if (!image) {
    const what = type === undefined ? 'image' : `image "${type}"`;
    throw new RequestError('TYPE_NOT_FOUND', `${id} has no ${what} yet (available: ${names || 'none'})`);
  }
  if (other) throw new MeshgateError('BAD_USAGE', `${id} has several images`, `choose one: --type ${names}`);
  return image;
}

function write(file: string, bytes: Uint8Array): void {
  const output = new OutputFile(file);
  try {
    output.write(bytes);
  } finally {
    output.close();
  }
}

/** Nothing where the image itself is the output. */
export function formatSaved({ file, type, mediaType, receivedAt, bytes }: SavedImage, view: View): string {
  if (file === null) return '';
  const what = `${type}, ${mediaType}, ${formatBytesAmount(bytes)}`;
  return `${what}, received ${formatWhen(receivedAt, view)}: saved in ${file}\n`;
}
