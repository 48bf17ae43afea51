/**
 * Which steps of a procedure belong to which part, for whoever shows it. A part is named beside the steps and never in
 * their place: they stand whole. What was retired is named no more.
 */
import type { PartReference, Procedure } from './sops.ts';

/** The steps of a procedure that are one part, in order. */
export interface PartStretch {
  readonly sopId: string;
  readonly name: string;
  /** Their places in the procedure, 0-based. */
  readonly places: readonly number[];
}

/** The parts of a procedure; steps that may be left out can stand between those of one. */
export function findParts(
  procedure: readonly { readonly part?: PartReference | undefined }[],
): PartStretch[] {
  const stretches: (PartStretch & { readonly places: number[] })[] = [];
  let last = -1;
  for (const [place, { part }] of procedure.entries()) {
    if (part === undefined) continue;
    const open = stretches.at(-1);
    if (open?.sopId === part.sop_id && part.step > last) open.places.push(place);
    else stretches.push({ sopId: part.sop_id, name: part.name, places: [place] });
    last = part.step;
  }
  return stretches;
}

/** The same without references to these parts; the same object where there is none. */
export function withoutParts<One extends { readonly procedure: Procedure }>(
  one: One,
  gone: ReadonlySet<string>,
): One {
  if (!one.procedure.some(({ part }) => part !== undefined && gone.has(part.sop_id))) return one;
  const procedure = one.procedure.map(({ part, ...step }) =>
    part === undefined || gone.has(part.sop_id) ? step : { ...step, part },
  );
  return { ...one, procedure };
}

/** `Steps 1 to 3`, `Steps 1, 3, 4`, `Step 2`. */
export function toStepsText(places: readonly number[]): string {
  const [first = 0] = places;
  if (places.length === 1) return `Step ${first + 1}`;
  const isClosed = places.length > 2 && places.every((place, at) => place === first + at);
  if (isClosed) return `Steps ${first + 1} to ${first + places.length}`;
  return `Steps ${places.map((place) => place + 1).join(', ')}`;
}
