import css from './charts.css' with { type: 'text' };
import { installStyle } from './install-style.js';

/** The style sheet that all charts share. */
export function useChartStyle(): void {
  installStyle('charts', css);
}
