/** What stands below what, as nested lists: a list is what a screen reader and a phone can both show. */
import type { ReactNode } from 'react';

export interface Branch {
  readonly id: string;
  readonly shown: ReactNode;
  readonly state: ReactNode;
  readonly below: readonly Branch[];
  /** How many more there are than `below` has. */
  readonly more?: number;
}

/** Levels that are drawn. */
const deepMax = 6;

export function Tree({ label, roots }: { readonly label: string; readonly roots: readonly Branch[] }) {
  return (
    <div className="tree" role="group" aria-label={label}>
      <Level branches={roots} deep={1} />
    </div>
  );
}

function Level({ branches, deep }: { readonly branches: readonly Branch[]; readonly deep: number }) {
  return (
    <ul>
      {branches.map(({ id, shown, state, below, more = 0 }) => (
        <li key={id}>
          <div className="tree-row">
            <div className="grow">{shown}</div>
            {state}
          </div>
          {below.length === 0 || deep >= deepMax ? null : <Level branches={below} deep={deep + 1} />}
          {more <= 0 ? null : <p className="small soft tree-more">and {more} more</p>}
        </li>
      ))}
    </ul>
  );
}
