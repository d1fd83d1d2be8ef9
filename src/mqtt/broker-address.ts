/** Where a broker is, and what a client shows it. */
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

/** What a URL says of it: `mqtt://HOST[:PORT]` or `mqtts:`; user and password may stand in it. */
export function addressIn(
  text: string,
): Pick<BrokerAddress, 'host' | 'port' | 'isSecure' | 'user' | 'password'> {
  const url = new URL(text);
  const isSecure = url.protocol === 'mqtts:';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port) || (isSecure ? 8883 : 1883),
    isSecure,
    user: given(url.username),
    password: given(url.password),
  };
}

/** The broker as logs and errors name it: without user and password. */
export function brokerName(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** A part of the url, where it is not empty. */
function given(part: string): string | undefined {
  return part === '' ? undefined : decodeURIComponent(part);
}
