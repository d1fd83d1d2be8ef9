/** What a recording keeps of a link. */
export interface LinkFacts {
  readonly name: string;
  /** Which board it is; empty where that could not be told. */
  readonly identity: string;
  /** It has modem lines. */
  readonly hasLines: boolean;
}

const SEPARATOR = '\0';
const LINES = 'lines';

export function encodeLinkFacts({ name, identity, hasLines }: LinkFacts): string {
  return [name, identity, hasLines ? LINES : ''].join(SEPARATOR);
}

/** Undefined where there is no link. */
export function decodeLinkFacts(payload: Buffer): LinkFacts | undefined {
  const [name = '', identity = '', lines] = payload.toString('utf8').split(SEPARATOR);
  return name === '' ? undefined : { name, identity, hasLines: lines === LINES };
}
