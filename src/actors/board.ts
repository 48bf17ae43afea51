/**
 * A board: a model that the whole node shares, written by whoever owns a part of it and read by everybody, now or at
 * each change. A listener hears each version once and in order, whatever listeners do; one that throws harms nobody.
 */
import { createStore } from '@xstate/store';
import { catalogueStore } from '../../machines/catalogue.store.ts';
import type { Catalogue, CatalogueListed } from '../../machines/catalogue.store.ts';
import { healthStore } from '../../machines/health.store.ts';
import type { BreakerView, Health, LagView, LearnerView, ResourceView } from '../../machines/health.store.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import type { Log } from './clock.ts';

export interface Board<TModel, TEvent> {
  read(): TModel;
  send(event: TEvent): void;
  /** Hears of each version, or only of those in which `part` is another one. */
  listen(heard: (model: TModel) => void, part?: (model: TModel) => unknown): () => void;
}

export type CatalogueBoard = Board<Catalogue, { readonly type: 'listed' } & CatalogueListed>;

type Told<TType extends string, TView> = {
  readonly type: TType;
  readonly view: TView;
  readonly at: number;
};

interface Gone {
  readonly type: 'resource.gone' | 'breaker.gone';
  readonly id: string;
  readonly at: number;
}

export type HealthEvent =
  | Gone
  | Told<'resource.told', ResourceView>
  | Told<'breaker.told', BreakerView>
  | Told<'learner.told', LearnerView>
  | Told<'lag.told', LagView>
  | Told<'parts.told', Health['missing']>;

export type HealthBoard = Board<Health, HealthEvent>;

/** The models that a node shares. */
export interface Boards {
  readonly catalogue: CatalogueBoard;
  readonly health: HealthBoard;
}

/** Where health is told to; all that those who own a part of it need. */
export type HealthTold = Pick<HealthBoard, 'send'>;

/** Opens them; nothing is listed and nothing is known yet. */
export function openBoards(log: Log): Boards {
  return {
    catalogue: toBoard(createStore(catalogueStore), log),
    health: toBoard(createStore(healthStore), log),
  };
}

interface ModelStore<TModel, TEvent> {
  getSnapshot(): { readonly context: TModel };
  send(event: TEvent): void;
  subscribe(heard: (snapshot: { readonly context: TModel }) => void): { unsubscribe(): void };
}

function toBoard<TModel, TEvent>(store: ModelStore<TModel, TEvent>, log: Log): Board<TModel, TEvent> {
  /** What listeners send while a version goes round waits until everybody has heard of it. */
  const waiting: TEvent[] = [];
  let isTelling = false;
  const read = (): TModel => store.getSnapshot().context;
  return {
    read,
    send(event) {
      waiting.push(event);
      if (isTelling) return;
      isTelling = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) store.send(next);
      } finally {
        isTelling = false;
      }
    },
    listen(heard, part = (model) => model) {
      let last = part(read());
      const hear = ({ context }: { readonly context: TModel }): void => {
        try {
          const now = part(context);
          if (Object.is(now, last)) return;
          last = now;
          heard(context);
        } catch (error) {
          log.error({ err: toPlainError(error) }, 'a listener of a board broke');
        }
      };
      const subscription = store.subscribe(hear);
      return () => subscription.unsubscribe();
    },
  };
}
