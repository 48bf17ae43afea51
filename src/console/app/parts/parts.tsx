/** The small things every page is built of. They show what they are given, and keep nothing. */
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { toAgo, toShown } from './shown-text.ts';

/** A text of somebody else, cut and written out. */
export function Told({ text, max }: { readonly text: string; readonly max?: number }) {
  return <bdi title={text.length > (max ?? 400) ? 'cut' : undefined}>{toShown(text, max)}</bdi>;
}

/** An id: what matters is its end, all of it is in the title. */
export function Id({ id }: { readonly id: string }) {
  const shown = toShown(id, 120);
  const short = shown.length > 22 ? `${shown.slice(0, 4)}…${shown.slice(-8)}` : shown;
  return (
    <code className="id" title={shown}>
      {short}
    </code>
  );
}

export type Tone = 'good' | 'warn' | 'bad' | 'soft' | 'accent';

const tones: Readonly<Record<string, Tone>> = {
  active: 'good',
  healthy: 'good',
  closed: 'good',
  running: 'good',
  ready: 'good',
  flowing: 'good',
  success: 'good',
  done: 'good',
  pinned: 'good',
  finished: 'good',
  busy: 'accent',
  working: 'accent',
  calling: 'accent',
  awaitingInput: 'warn',
  awaitingApproval: 'warn',
  candidate: 'warn',
  shadow: 'warn',
  degraded: 'warn',
  probing: 'warn',
  halfOpen: 'warn',
  MEDIUM: 'soft',
  HIGH: 'warn',
  CRITICAL: 'bad',
  open: 'bad',
  failed: 'bad',
  failure: 'bad',
  refused: 'bad',
  error: 'bad',
  unhealthy: 'bad',
  unavailable: 'bad',
  quarantined: 'bad',
};

/** How a state is meant: as it should be, to be looked at, or wrong. */
export function toTone(state: string): Tone {
  // A state within another is meant by its own name, or else by the one around it.
  const parts = state.split('.');
  return tones[parts.at(-1) ?? ''] ?? tones[parts[0] ?? ''] ?? 'soft';
}

/** A state as a small mark with its word: colour never says it alone. */
export function Mark({ state, tone, title }: { state: string; tone?: Tone; title?: string }) {
  return (
    <span className={`mark ${tone ?? toTone(state)}`} title={title}>
      {toShown(state, 60)}
    </span>
  );
}

/** A moment, told as how long ago it was. */
export function Moment({ at }: { readonly at: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(ticking);
  }, []);
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {toAgo(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}

interface CardProps {
  readonly title: string;
  readonly note?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A part of a page with its heading. */
export function Card({ title, note, className, children }: CardProps) {
  return (
    <section className={`card ${className ?? ''}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note === undefined ? null : <span className="note">{note}</span>}
      </header>
      {children}
    </section>
  );
}

/** What stands where nothing is yet, and what would change that. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** What went wrong, where it would have been. */
export function Wrong({ sentence }: { readonly sentence: string }) {
  return sentence === '' ? null : (
    <p className="wrong" role="alert">
      {toShown(sentence, 600)}
    </p>
  );
}

/** A list that may still be on its way, may be empty, or cannot be had. */
export function Waiting({ error }: { readonly error: string }) {
  return error === '' ? <p className="empty">Asking the node…</p> : <Wrong sentence={error} />;
}

/** What stands above something told earlier, once the node answers otherwise. */
export function Stale({ error }: { readonly error: string }) {
  return <Wrong sentence={error === '' ? '' : `${error} What you see was told before.`} />;
}

/** How much a list was cut by; nothing where all is shown. */
export function More({ count, what }: { readonly count: number; readonly what: string }) {
  return count <= 0 ? null : (
    <p className="small soft">
      and {count} more {what}
    </p>
  );
}

/** A page's heading with the one sentence that explains it. */
export function PageTop({
  title,
  children,
  actions,
}: {
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Drey`;
  }, [title]);
  return (
    <div className="page-top">
      <div>
        <h1>{title}</h1>
        <p>{children}</p>
      </div>
      {actions === undefined ? null : <div className="actions">{actions}</div>}
    </div>
  );
}

/** A fraction as a bar with its figure. */
export function Meter({ value, label }: { readonly value: number; readonly label: string }) {
  const percent = Math.round(value * 100);
  return (
    <span className="meter" title={label}>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect className="track" width="100" height="6" rx="3" />
        <rect className="fill" width={percent} height="6" rx="3" />
      </svg>
      <span>{percent} %</span>
    </span>
  );
}
