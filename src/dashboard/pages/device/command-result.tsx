import { formatField } from '../../format.js';

/** Characters of a result that are shown; results have up to 64 KiB. */
const MAX_SHOWN = 4000;
/** A longer text is folded. */
const MAX_LINE = 160;

/** What a completed command returned: any JSON. */
export function CommandResult({ result }: { readonly result: unknown }) {
  const line = lineOf(result);
  if (line.length <= MAX_LINE) return <p class="good figure">Result: {line}</p>;
  const text = JSON.stringify(result, null, 2);
  return (
    <details>
      <summary>Result ({text.length.toLocaleString()} characters)</summary>
      <pre class="result">{text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}\n…` : text}</pre>
    </details>
  );
}

/** `position 5.01, state idle` for an object of plain values, otherwise JSON. */
function lineOf(result: unknown): string {
  if (isPlain(result)) return formatField(result);
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return JSON.stringify(result);
  const entries = Object.entries(result);
  if (entries.length === 0 || !entries.every(([, value]) => isPlain(value))) return JSON.stringify(result);
  return entries.map(([name, value]) => `${name} ${isPlain(value) ? formatField(value) : ''}`).join(', ');
}

function isPlain(value: unknown): value is number | string {
  return typeof value === 'number' || typeof value === 'string';
}
