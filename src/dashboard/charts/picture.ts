/** A background picture of the map. */

/** North, west, south, east, in degrees. */
export type Corners = readonly [number, number, number, number];

export interface Picture {
  /** Belongs to the picture: `releasePicture` gives it back. */
  readonly url: string;
  readonly corners: Corners;
}

/** Bytes of the largest picture: decoded it is many times as large. */
export const MAX_PICTURE_LENGTH = 64 * 1024 * 1024;

/** Why a picture can't be shown, for a person to read. */
export class PictureError extends Error {}

export function releasePicture({ url }: Picture): void {
  URL.revokeObjectURL(url);
}
