/** The properties of standard output that text for people depends on. */
export interface Terminal {
  /** False for a pipe or a file. */
  readonly isTTY: boolean;
  /** Width in characters; undefined: nothing is shortened. */
  readonly columns: number | undefined;
  readonly colour: boolean;
}

/** Where and when something is shown; `now`: ms since the epoch. */
export interface View {
  readonly terminal: Terminal;
  readonly now: number;
  /** The gateway of a fleet that it shows; undefined for the gateway of a socket, and for several at once. */
  readonly gateway?: string | undefined;
}

/** For a terminal that does not report its width. */
const DEFAULT_COLUMNS = 80;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof CODES;

/** A pipe has neither width nor colours; NO_COLOR and TERM=dumb turn a terminal's colours off. */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): Terminal {
  if (!stream.isTTY) return { isTTY: false, columns: undefined, colour: false };
  const colour = !env.NO_COLOR && env.TERM !== 'dumb';
  return { isTTY: true, columns: stream.columns || DEFAULT_COLUMNS, colour };
}

/** The text in a colour, if the terminal has colours. */
export function paint(text: string, colour: Colour | undefined, { colour: hasColours }: Terminal): string {
  return hasColours && colour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
