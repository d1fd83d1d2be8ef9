import { parse, TomlError } from 'smol-toml';

/**
 * What a TOML text says. Throws where it is wrong, with line and column: the text itself is not quoted, since a line may
 * hold a password.
 */
export function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.split('\n', 1);
    throw new Error(`line ${error.line}, column ${error.column}: ${what}`);
  }
}
