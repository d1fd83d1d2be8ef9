import { type LogLine, lineAsText } from '../../store/traffic-log.js';

/** Downloads the lines as a text file. */
export function download(lines: readonly LogLine[]): void {
  const text = `${lines.map(lineAsText).join('\n')}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `meshgate-traffic-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.txt`;
  link.click();
  URL.revokeObjectURL(url);
}
