/**
 * Watching the actors of the learner process from the node: who watches asks the learner over the pipe, and what it
 * tells comes back the same way. A learner that is started anew is asked again. Without watchers nothing is sent.
 */
import type { InspectionFilter } from '../../actors/actors.ts';
import type { FromLearner, ToLearner } from './learner-messages.ts';

export interface LearnerInspection {
  /** A learner is up, and this is how to reach it. */
  attach(tell: (message: ToLearner) => void): void;
  hear(message: Extract<FromLearner, { type: 'inspected' }>): void;
  /** What is heard is as the learner knows it; redact it before it leaves the node. */
  watch(filter: InspectionFilter, heard: (message: object) => void): () => void;
}

/** Creates it; nobody watches yet. */
export function createLearnerInspection(): LearnerInspection {
  const watchers = new Map<
    number,
    { readonly filter: InspectionFilter; readonly heard: (message: object) => void }
  >();
  let last = 0;
  let tellLearner: (message: ToLearner) => void = () => undefined;
  const ask = (watch: number, { namespaces, kind, id }: InspectionFilter): void =>
    tellLearner({
      type: 'watch',
      watch,
      filter: {
        ...(namespaces === undefined ? {} : { namespaces: [...namespaces] }),
        ...(kind === undefined ? {} : { kind }),
        ...(id === undefined ? {} : { id }),
      },
    });
  return {
    attach(tell) {
      tellLearner = tell;
      for (const [watch, { filter }] of watchers) ask(watch, filter);
    },
    hear: ({ watch, message }) => watchers.get(watch)?.heard(message),
    watch(filter, heard) {
      last += 1;
      const watch = last;
      watchers.set(watch, { filter, heard });
      ask(watch, filter);
      return () => {
        watchers.delete(watch);
        tellLearner({ type: 'unwatch', watch });
      };
    },
  };
}
