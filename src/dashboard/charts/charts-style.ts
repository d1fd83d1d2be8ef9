import css from './charts.css' with { type: 'text' };
import { installStyle } from './install-style.js';

/** Installs the style sheet shared by all charts. */
export function useChartStyle(): void {
  installStyle('charts', css);
}
