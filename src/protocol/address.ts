/** The root itself, as sender or receiver. */
export const ROOT_ADDRESS = 0x0000;
/** The root's own unicast address in the mesh. */
export const ROOT_MESH_ADDRESS = 0x0001;
/** Unicast addresses are 0x0001–0x7FFF; above are virtual and group addresses. */
export const MAX_UNICAST_ADDRESS = 0x7fff;
/** Edge nodes are numbered from here up. */
export const FIRST_EDGE_ADDRESS = 0x0005;

/** Devices of other sources start here, above all addresses of the mesh. */
export const FIRST_DEVICE_ADDRESS = 0x10000;
export const MAX_DEVICE_ADDRESS = 0xffff_ffff;

/** Bytes of an address, on the UART and in client protocols; big-endian. */
export const ADDRESS_LENGTH = 2;
/** Bytes of a node's uuid. */
export const UUID_LENGTH = 16;

/** True for 0x0001–0x7FFF. */
export function isUnicast(address: number): boolean {
  return address >= 1 && address <= MAX_UNICAST_ADDRESS;
}

/** True for 0x10000–0xFFFFFFFF. */
export function isDevice(address: number): boolean {
  return Number.isInteger(address) && address >= FIRST_DEVICE_ADDRESS && address <= MAX_DEVICE_ADDRESS;
}

/** `0x0005`: an address for people. */
export function formatAddress(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The two bytes of an address. */
export function addressBytes(address: number): Buffer {
  const bytes = Buffer.allocUnsafe(ADDRESS_LENGTH);
  bytes.writeUInt16BE(address);
  return bytes;
}
