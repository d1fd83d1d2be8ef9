/** A drawn loop on its pin, 48 × 32 pixels, PNG: for testing the classifier without a camera. */
export const TEST_PICTURE = Buffer.from(
  [
    'iVBORw0KGgoAAAANSUhEUgAAADAAAAAgCAAAAABxv6TAAAAAQUlEQVR42mO4TiJgGNUwrDVogADRGjRggDgNCMOJ0wBXTqQf',
    '0NUTowHVI4NCA2l+IDmUSI8H0mOajLQ0mkUHoQYAgIPNZgaypwgAAAAASUVORK5CYII=',
  ].join(''),
  'base64',
);
