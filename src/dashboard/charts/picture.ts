/** A background image of the map. */

/** North, west, south, east, in degrees. */
export type Corners = readonly [number, number, number, number];

export interface Picture {
  /** An object URL, revoked by `releasePicture`. */
  readonly url: string;
  readonly corners: Corners;
}

/** Maximum file size in bytes: decoded, an image is many times larger. */
export const MAX_PICTURE_LENGTH = 64 * 1024 * 1024;

/** Why an image can't be shown, as a message for the user. */
export class PictureError extends Error {}

export function releasePicture({ url }: Picture): void {
  URL.revokeObjectURL(url);
}
