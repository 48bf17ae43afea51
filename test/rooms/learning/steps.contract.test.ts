import { describe } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { align } from '../../../src/learning/align.ts';
import { bind } from '../../../src/learning/bind.ts';
import { type Case, teachesSteps, toCase } from '../../../src/learning/case.ts';
import { clean } from '../../../src/learning/clean.ts';
import { createGrouping } from '../../../src/learning/group.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { createSequenceBook } from '../../../src/learning/likeness.ts';
import { toSymbol } from '../../../src/learning/symbol.ts';
import { toTrigger } from '../../../src/learning/trigger.ts';
import { learningStepContract, type LearningStep } from '../../contracts/learning-step.contract.ts';

function toCases(episodes: readonly Episode[]) {
  const book = createSequenceBook();
  return { book, cases: episodes.map((episode) => toCase(episode, book)) };
}

/** Symbols carry a program behind the tool's name. */
function toolOf(cases: readonly Case[], symbol: string): string {
  const calls = cases.flatMap((one) => one.calls);
  return calls.find((call) => call.symbol.id === symbol)?.symbol.tool ?? symbol;
}

const steps: Record<string, LearningStep> = {
  symbol: {
    run: (episodes) => episodes.flatMap((episode) => episode.calls.map((call) => toSymbol(call).tool)),
    toolsIn: (output) => output as string[],
    sizeMax: (calls) => 100 + calls * 200,
  },
  clean: {
    run: (episodes) => episodes.map((episode) => clean(episode).pitfalls),
    toolsIn: (output) => (output as { tool: string }[][]).flat().map(({ tool }) => tool),
    sizeMax: (calls) => 200 + calls * 300,
  },
  group: {
    run: (episodes) => {
      const { book, cases } = toCases(episodes);
      const grouping = createGrouping(book);
      for (const one of cases) grouping.add(one);
      return [...grouping.clusters.values()].map((cluster) => cluster.members.map((one) => one.episodeId));
    },
    toolsIn: () => [],
    sizeMax: (calls) => 200 + calls * 100,
  },
  align: {
    run: (episodes) => {
      const { book, cases } = toCases(episodes);
      const members = cases.filter(teachesSteps);
      const { steps: aligned } = align(members, book);
      return aligned.map((step) => ({ ...step, tool: toolOf(members, step.symbol) }));
    },
    toolsIn: (output) => (output as { tool: string }[]).map(({ tool }) => tool),
    sizeMax: () => 60_000,
  },
  bind: {
    run: (episodes) => {
      const { book, cases } = toCases(episodes);
      const members = cases.filter(teachesSteps);
      const alignment = align(members, book);
      return bind(
        members,
        alignment,
        alignment.steps.map((step) => step.symbol),
        false,
      );
    },
    toolsIn: () => [],
    sizeMax: () => 400_000,
  },
  trigger: {
    run: (episodes) => {
      const { book, cases } = toCases(episodes);
      const members = cases.filter(teachesSteps);
      return toTrigger(members, align(members, book).steps, (symbol) => symbol);
    },
    toolsIn: () => [],
    sizeMax: () => 200_000,
  },
  'the whole': {
    run: (episodes) => {
      const learner = createLearner({ namespace: 'acme' });
      for (const episode of episodes) learner.learn(episode);
      return learner.derive().sops;
    },
    toolsIn: (output) =>
      (output as LearnedSop[]).flatMap((sop) => [
        ...sop.procedure.flatMap((step) => [step.tool, ...step.alternatives]),
        ...sop.pitfalls.flatMap(({ tool, recoveredBy }) =>
          recoveredBy === null ? [tool] : [tool, recoveredBy],
        ),
      ]),
    sizeMax: (calls) => 1_000 + calls * 60_000,
  },
};

describe.each(Object.entries(steps))('learning step: %s', (_, step) => {
  learningStepContract(step);
});
