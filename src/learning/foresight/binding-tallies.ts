/** How often rules of bindings were right, counted by folds of the tasks, so that a record can leave some of them out. */
import type { RuleRecord } from './binding-book.ts';

export const tallyBounds = { rulesMax: 20, tasksMin: 2, constantTasksMin: 3, folds: 4 } as const;

/** What is counted of a rule. */
class Tally {
  readonly tasks = new Set<number>();
  /** For each fold of the tasks what a record holds. */
  readonly counts = new Float64Array(4 * tallyBounds.folds);
}

/** The rules of an argument, with their tallies. */
export class Rules extends Map<string, Tally> {
  note(rule: string, task: number): void {
    const tally = this.get(rule) ?? new Tally();
    this.set(rule, tally);
    tally.tasks.add(task);
  }

  /** Keeps the rules that gave the right value in several tasks, most tasks first. */
  keepProven(): void {
    const least = (rule: string) =>
      rule.startsWith('c|') ? tallyBounds.constantTasksMin : tallyBounds.tasksMin;
    const kept = [...this]
      .filter(([rule, { tasks }]) => tasks.size >= least(rule))
      .sort((a, b) => b[1].tasks.size - a[1].tasks.size || (a[0] < b[0] ? -1 : 1))
      .slice(0, tallyBounds.rulesMax);
    this.clear();
    for (const [rule, tally] of kept) this.set(rule, tally);
  }

  /** The records, as they are without one fold of the tasks. */
  toRecords(without?: number): RuleRecord[] {
    const sum = (counts: Float64Array, at: number) => {
      let all = 0;
      for (let fold = 0; fold < tallyBounds.folds; fold += 1)
        if (fold !== without) all += counts[4 * fold + at] ?? 0;
      return Math.round(all * 100) / 100;
    };
    return [...this].map(([rule, { counts }]) => [
      rule,
      sum(counts, 0),
      sum(counts, 1),
      sum(counts, 2),
      sum(counts, 3),
    ]);
  }
}
