/** What stands around every page: navigation, the state of the connection, theme, keys of the keyboard, and the lock. */
import { useSelector } from '@xstate/store-react';
import { Component, Suspense, lazy, useEffect, useRef, useState } from 'react';
import type { ComponentType, ReactNode } from 'react';
import { Access } from './access.tsx';
import { live } from './node/live.store.ts';
import { Notice } from './notice.tsx';
import Now from './pages/now.tsx';
import { Wrong } from './parts/parts.tsx';
import { applyTheme, readTheme } from './parts/theme.ts';
import { go, toHref, useRoute } from './router.ts';
import type { Route } from './router.ts';

interface Page {
  readonly name: string;
  readonly title: string;
  /** Pressed after `g`. */
  readonly key: string;
  readonly view: ComponentType<{ readonly route: Route }>;
}

const pages: readonly Page[] = [
  // The first page comes with the shell: another wave of requests would stand between an address and its facts.
  { name: 'now', title: 'Now', key: 'n', view: Now },
  { name: 'sops', title: 'Procedures', key: 'p', view: lazy(() => import('./pages/sops.tsx')) },
  { name: 'ask', title: 'Ask', key: 'a', view: lazy(() => import('./pages/ask.tsx')) },
  { name: 'runs', title: 'Runs', key: 'r', view: lazy(() => import('./pages/runs.tsx')) },
  { name: 'patterns', title: 'Patterns', key: 'l', view: lazy(() => import('./pages/patterns.tsx')) },
  { name: 'actors', title: 'Actors', key: 'c', view: lazy(() => import('./pages/actors.tsx')) },
  { name: 'memory', title: 'Memory', key: 'm', view: lazy(() => import('./pages/memory.tsx')) },
  { name: 'tools', title: 'Tools', key: 't', view: lazy(() => import('./pages/tools.tsx')) },
  { name: 'report', title: 'Report', key: 'o', view: lazy(() => import('./pages/report.tsx')) },
  { name: 'audit', title: 'Audit', key: 'u', view: lazy(() => import('./pages/audit.tsx')) },
  { name: 'system', title: 'System', key: 's', view: lazy(() => import('./pages/system.tsx')) },
];

const words = { connecting: 'connecting', live: 'live', away: 'reconnecting', locked: 'locked' } as const;

/** The console. */
export function Shell() {
  const route = useRoute();
  const [access, setAccess] = useState(false);
  // With another key or namespace every page begins anew: what it holds was told to somebody else.
  const identity = useSelector(live, ({ context }) => context.identity);
  useKeys();
  const page = pages.find(({ name }) => name === route.page) ?? pages[0];
  const View = page?.view;
  // On a phone the pages stand in one line that is longer than the screen.
  useEffect(() => {
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [page?.name]);
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(event) => skip(event)}>
        Skip to the page
      </a>
      <header className="side">
        <a className="brand" href={toHref('now')} aria-label="Drey, first page">
          <Nest />
          <span>Drey</span>
        </a>
        <nav aria-label="Pages">
          {pages.map(({ name, title, key }) => (
            <a
              key={name}
              href={toHref(name)}
              aria-current={page?.name === name ? 'page' : undefined}
              title={`g then ${key}`}
            >
              {title}
            </a>
          ))}
          <a href="/inspector" title="Frames an outside page">
            Inspector
          </a>
        </nav>
        <Foot openAccess={() => setAccess(true)} />
      </header>
      <main id="main" tabIndex={-1}>
        <Notice openAccess={() => setAccess(true)} />
        <Boundary key={`${identity} ${page?.name} ${route.id}`}>
          <Suspense fallback={<p className="empty">Opening…</p>}>
            {View === undefined ? null : <View route={route} />}
          </Suspense>
        </Boundary>
      </main>
      {access ? <Access close={() => setAccess(false)} /> : null}
    </div>
  );
}

function skip(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Foot({ openAccess }: { readonly openAccess: () => void }) {
  const connection = useSelector(live, ({ context }) => context.connection);
  const [theme, setTheme] = useState(readTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <div className="foot">
      <span className={`pulse ${connection}`} role="status">
        {words[connection]}
      </span>
      <button className="quiet" onClick={openAccess} title="Namespace and key">
        Access
      </button>
      <button className="quiet" onClick={() => setTheme(applyTheme(other))} aria-label={`Show it ${other}`}>
        {theme === 'dark' ? '☾' : '☀'}
      </button>
    </div>
  );
}

/** `g` and a page's letter opens it, `/` goes to the search of the page. */
function useKeys(): void {
  const armed = useRef(0);
  useEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      const at = event.target;
      const typing = at instanceof HTMLElement && at.matches('input, textarea, select');
      if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
      const page = pages.find(({ key }) => key === event.key);
      if (event.key === 'g') armed.current = event.timeStamp;
      else if (page !== undefined && event.timeStamp - armed.current < 1_500) go(toHref(page.name));
      else if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('main [type=search], main textarea');
        if (search !== null) event.preventDefault();
        search?.focus();
      }
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, []);
}

/** A page that breaks says so and leaves the others alone. */
class Boundary extends Component<{ readonly children: ReactNode }, { readonly sentence: string }> {
  override state = { sentence: '' };
  static getDerivedStateFromError(error: unknown): { sentence: string } {
    return { sentence: `This page broke: ${error instanceof Error ? error.message : String(error)}` };
  }
  override render(): ReactNode {
    if (this.state.sentence === '') return this.props.children;
    return (
      <>
        <Wrong sentence={this.state.sentence} />
        <div className="actions">
          <button onClick={() => location.reload()}>Load again</button>
        </div>
      </>
    );
  }
}

/** A nest in a fork of branches. */
function Nest() {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <path
        d="M4 17c2 8 7 11 12 11s10-3 12-11"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
      <path
        d="M7 17c3 4 6 5 9 5s6-1 9-5M10 13c2 2 4 3 6 3s4-1 6-3"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        opacity=".6"
      />
      <circle cx="16" cy="7" r="3.2" fill="currentColor" />
    </svg>
  );
}
