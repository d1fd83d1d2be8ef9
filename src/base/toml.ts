import { parse, TomlError } from 'smol-toml';

/**
 * Parses TOML. Throws an error with line and column that does not quote the text, because a line may contain a password.
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
