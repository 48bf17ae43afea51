/** Dark and light: as the system has it, or as was chosen here; what was chosen stays in this browser. */
const name = 'theme';

export type Theme = 'dark' | 'light';

/** The theme that is shown now. */
export function readTheme(): Theme {
  const chosen = localStorage.getItem(name);
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Shows it, or another one that is kept from now on. */
export function applyTheme(chosen?: Theme): Theme {
  if (chosen !== undefined) localStorage.setItem(name, chosen);
  const theme = readTheme();
  document.documentElement.dataset['theme'] = theme;
  return theme;
}
