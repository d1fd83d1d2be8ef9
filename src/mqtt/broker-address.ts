/** A broker's address and the credentials for it. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Parses `mqtt://HOST[:PORT]` or `mqtts://…`, optionally with user and password. */
export function addressIn(
  text: string,
): Pick<BrokerAddress, 'host' | 'port' | 'isSecure' | 'user' | 'password'> {
  const url = new URL(text);
  const isSecure = url.protocol === 'mqtts:';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port) || (isSecure ? 8883 : 1883),
    isSecure,
    user: decoded(url.username),
    password: decoded(url.password),
  };
}

/** The broker's name in logs and errors: without user and password. */
export function brokerName(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Undefined if empty. */
function decoded(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part);
}
