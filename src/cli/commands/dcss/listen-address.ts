import { MeshgateError, systemErrorCode } from '../../../base/errors.js';
import { isLoopback } from '../../../config/sections/dcss.js';
import { parseTcpAddress, type TcpAddress } from '../../../link/tcp-address.js';

/** Only of this machine: there is no login. Throws `BAD_USAGE`. */
export function listenAddress(text: string): TcpAddress {
  // Port 0: the system chooses one.
  const address = text.endsWith(':0') ? { host: text.slice(0, -2), port: 0 } : parseTcpAddress(`tcp:${text}`);
  if (address && isLoopback(address.host)) return address;
  throw new MeshgateError('BAD_USAGE', `"${text}" is not HOST:PORT of this machine`, 'use 127.0.0.1:PORT');
}

/** For people. */
export function listenError(error: unknown, text: string): unknown {
  if (systemErrorCode(error) !== 'EADDRINUSE') return error;
  return new MeshgateError('ADDRESS_IN_USE', `can't listen on ${text}: another program uses the port`);
}
