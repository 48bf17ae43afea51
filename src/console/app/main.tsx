/** Where the console begins: it mounts the shell and starts to follow the node. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startFollowing } from './node/live.ts';
import { applyTheme } from './parts/theme.ts';
import { Shell } from './shell.tsx';
import './styles/colours.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/pages.css';
import './styles/graphs.css';

applyTheme();
startFollowing();
const place = document.getElementById('app');
if (place !== null)
  createRoot(place).render(
    <StrictMode>
      <Shell />
    </StrictMode>,
  );
