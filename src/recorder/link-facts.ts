/** Name of the root's link; that of any other is the name of its device's source. */
export const ROOT_LINK = 'root';

/** What a recording stores about a link. */
export interface LinkFacts {
  readonly name: string;
  /** Identity of the board; empty if unknown. */
  readonly identity: string;
  /** Whether it has modem lines. */
  readonly hasLines: boolean;
}

const SEPARATOR = '\0';
const LINES = 'lines';

export function encodeLinkFacts({ name, identity, hasLines }: LinkFacts): string {
  return [name, identity, hasLines ? LINES : ''].join(SEPARATOR);
}

/** Undefined if there is no link. */
export function decodeLinkFacts(payload: Buffer): LinkFacts | undefined {
  const [name = '', identity = '', lines] = payload.toString('utf8').split(SEPARATOR);
  return name === '' ? undefined : { name, identity, hasLines: lines === LINES };
}
