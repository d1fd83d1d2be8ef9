import { useState } from 'preact/hooks';
import { isDark, readTheme, storeTheme, type Theme } from '../theme.js';

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const next = isDark(theme) ? 'light' : 'dark';
  const toggle = () => {
    storeTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="theme"
      onClick={toggle}
      aria-label={`Switch to ${next} theme`}
      title={`Switch to ${next} theme`}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
      </svg>
    </button>
  );
}
