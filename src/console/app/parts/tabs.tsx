/** Tabs as people with a keyboard know them: one stop for all of them, and arrows, Home and End go through. */
import type { KeyboardEvent } from 'react';

interface TabsProps<T extends string> {
  readonly label: string;
  readonly names: readonly T[];
  readonly shown: T;
  readonly show: (name: T) => void;
  readonly className?: string;
}

/** Where each key leads, from one of so many. */
const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

export function Tabs<T extends string>({ label, names, shown, show, className = '' }: TabsProps<T>) {
  const move = (event: KeyboardEvent<HTMLDivElement>): void => {
    const to = moves[event.key]?.(names.indexOf(shown), names.length);
    const name = to === undefined ? undefined : names[to];
    if (to === undefined || name === undefined) return;
    event.preventDefault();
    show(name);
    (event.currentTarget.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <div className={`tabs ${className}`} role="tablist" aria-label={label} tabIndex={-1} onKeyDown={move}>
      {names.map((name) => (
        <button
          key={name}
          role="tab"
          aria-selected={shown === name}
          tabIndex={shown === name ? 0 : -1}
          onClick={() => show(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
