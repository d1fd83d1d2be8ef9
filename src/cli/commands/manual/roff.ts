/** Text as man(7) macros, for groff and mandoc. */

/** One line of running text. A period or apostrophe in front would start a macro. */
export function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

/** `.SH` or `.SS` with a title. */
export function heading(macro: 'SH' | 'SS', title: string): string {
  return `.${macro} ${macroArgument(title)}`;
}

/** A term and what it means, indented below it. */
export function definition(term: string, text: string): string {
  return `.TP\n\\fB${escapeText(term)}\\fR\n${escapeText(text)}`;
}

/** Lines that keep their breaks and blanks. */
export function verbatim(text: string): string {
  return `.PP\n.nf\n${escapeText(text)}\n.fi`;
}

/** Quotes end an argument of a macro. */
export function macroArgument(text: string): string {
  return `"${escapeText(text).replaceAll('"', '\\(dq')}"`;
}
