/**
 * Regular expressions of the settings, which run on whatever an instrument prints. They are in the syntax of RE2 and take
 * time proportional to the length of the line, whatever the pattern: there is no backtracking, and so neither
 * look-around nor back-references.
 */
import { RE2JS } from 're2js';
import { errorText } from '../../base/errors.js';
import { badDeviceSetting } from '../device.js';

export type Groups = Readonly<Record<string, string>>;

export interface Pattern {
  readonly source: string;
  readonly groupNames: readonly string[];
  /** The named groups that took part; undefined if the line does not match. */
  match(line: string): Groups | undefined;
}

/** Throws `BAD_CONFIG` with the setting's name. */
export function compilePattern(place: string, source: string): Pattern {
  const compiled = compile(place, source);
  const groupNames = Object.keys(compiled.namedGroups());
  return {
    source,
    groupNames,
    match(line) {
      const matcher = compiled.matcher(line);
      if (!matcher.find()) return undefined;
      const groups: Record<string, string> = {};
      for (const name of groupNames) {
        const text = matcher.group(name);
        if (typeof text === 'string') groups[name] = text;
      }
      return groups;
    },
  };
}

function compile(place: string, source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const why = errorText(error).replace(/^error parsing regexp: /, '');
    throw badDeviceSetting(
      place,
      source,
      `not a valid regular expression: ${why} (RE2 syntax: no look-around, no back-references)`,
    );
  }
}
