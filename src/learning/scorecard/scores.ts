/** The scorecard of one system on held-out episodes: procedures, next steps, bindings; each task weighs 1. */
import { toLeaves } from '../leaves.ts';
import { Average, Reliability } from './averages.ts';
import { mark } from './marks.ts';
import type { Sample } from './samples.ts';
import type { Guess, Served, System } from './system.ts';

export type Scores = Readonly<Record<string, number>>;

/** Confidence from which a procedure, a next step and a binding count as sure. */
export const sure = { sop: 0.7, step: 0.8, binding: 0.7 } as const;

/** Procedures served for the tasks of held-out episodes; how far they were believed goes into `reliability`. */
export function scoreProcedures(
  system: System,
  heldOut: readonly Sample[],
  reliability = new Reliability(),
): Scores {
  const [f1, nlcs, f1of3, nlcsOf3] = [new Average(), new Average(), new Average(), new Average()];
  const [coverage, sureF1, sureNlcs] = [new Average(), new Average(), new Average()];
  const ask = rememberServed(system);
  for (const { taskId: id, episode } of heldOut) {
    const { task, calls } = episode;
    const real = calls.map((call) => call.name);
    const { any, trusted } = ask(task);
    const marks = any.map(({ tools }) => mark(tools, real));
    const best = marks[0] ?? { f1: 0, nlcs: 0 };
    f1.add(id, best.f1);
    nlcs.add(id, best.nlcs);
    f1of3.add(id, Math.max(0, ...marks.map((each) => each.f1)));
    nlcsOf3.add(id, Math.max(0, ...marks.map((each) => each.nlcs)));
    if (any[0] !== undefined) reliability.add(any[0].confidence, best.f1);
    coverage.add(id, trusted === undefined ? 0 : 1);
    if (trusted === undefined) continue;
    const sureMark = mark(trusted.tools, real);
    sureF1.add(id, sureMark.f1);
    sureNlcs.add(id, sureMark.nlcs);
  }
  const { low, high } = f1.interval;
  return {
    sop1_f1: f1.macro,
    sop1_f1_low: low,
    sop1_f1_high: high,
    sop1_nlcs: nlcs.macro,
    sop1_f1_micro: f1.micro,
    sop1_nlcs_micro: nlcs.micro,
    sop3_f1: f1of3.macro,
    sop3_nlcs: nlcsOf3.macro,
    sop_coverage: coverage.macro,
    sop_sure_f1: sureF1.macro,
    sop_sure_nlcs: sureNlcs.macro,
    sop_ece: reliability.ece,
  };
}

/** What is served for a task, to anybody and to those who want to be sure; asked once a text. */
function rememberServed(system: System) {
  const known = new Map<string, { readonly any: readonly Served[]; readonly trusted: Served | undefined }>();
  return (task: string) => {
    const before = known.get(task);
    if (before !== undefined) return before;
    const trusted = system.serve(task, 1, sure.sop).find(({ confidence }) => confidence >= sure.sop);
    const served = { any: system.serve(task, 3), trusted };
    known.set(task, served);
    return served;
  };
}

interface Position {
  readonly task: string;
  readonly real: string | null;
  readonly guesses: readonly Guess[];
}

/** Every position, the first one and the end included. */
export function scoreNextSteps(
  system: System,
  heldOut: readonly Sample[],
  reliability = new Reliability(),
): Scores {
  if (system.next === undefined) return {};
  const marks = new NextMarks(reliability);
  for (const { taskId, episode } of heldOut) {
    const { task, calls } = episode;
    for (let at = 0; at <= calls.length; at += 1)
      marks.add({
        task: taskId,
        real: calls[at]?.name ?? null,
        guesses: system.next(task, calls.slice(0, at)),
      });
  }
  return marks.scores;
}

/** What guesses of next steps are marked by. */
class NextMarks {
  readonly #top1 = new Average();
  readonly #top3 = new Average();
  readonly #tools = new Average();
  readonly #share = new Average();
  readonly #accuracy = new Average();
  readonly #falseStop = new Average();
  readonly #reliability: Reliability;

  constructor(reliability: Reliability) {
    this.#reliability = reliability;
  }

  add({ task, real, guesses }: Position): void {
    const [first] = guesses;
    const right = first !== undefined && first.tool === real ? 1 : 0;
    const said = first?.probability ?? 0;
    this.#top1.add(task, right);
    this.#top3.add(task, guesses.slice(0, 3).some(({ tool }) => tool === real) ? 1 : 0);
    this.#reliability.add(said, right);
    this.#share.add(task, said >= sure.step ? 1 : 0);
    if (said >= sure.step) this.#accuracy.add(task, right);
    if (real === null) return;
    this.#tools.add(task, guesses.find(({ tool }) => tool !== null)?.tool === real ? 1 : 0);
    this.#falseStop.add(task, first?.tool === null ? 1 : 0);
  }

  get scores(): Scores {
    const { low, high } = this.#top1.interval;
    return {
      next1: this.#top1.macro,
      next1_low: low,
      next1_high: high,
      next1_micro: this.#top1.micro,
      next3: this.#top3.macro,
      next1_tools: this.#tools.macro,
      next_false_stop: this.#falseStop.macro,
      next_sure_share: this.#share.macro,
      next_sure_accuracy: this.#accuracy.macro,
      next_ece: this.#reliability.ece,
      next_brier: this.#reliability.brier,
    };
  }
}

/** Values of arguments, the true tool given: one value for each leaf path and step, every leaf counts. */
export function scoreBindings(system: System, heldOut: readonly Sample[]): Scores {
  if (system.bind === undefined) return {};
  const [recall, precision] = [new Average(), new Average()];
  const reliability = new Reliability();
  for (const { taskId: id, episode } of heldOut) {
    const { task, calls } = episode;
    calls.forEach(({ name, args }, at) => {
      const wanted = toArgumentLeaves(args);
      if (wanted.size === 0) return;
      const bound = system.bind?.(task, calls.slice(0, at), name);
      for (const [path, value] of wanted) {
        const said = bound?.get(path);
        const right = said !== undefined && isEqualValue(said.value, value) ? 1 : 0;
        if (said !== undefined) reliability.add(said.probability, right);
        const isSure = said !== undefined && said.probability >= sure.binding;
        recall.add(id, isSure ? right : 0);
        if (isSure) precision.add(id, right);
      }
    });
  }
  return {
    binding_p: precision.macro,
    binding_r: recall.macro,
    binding_p_micro: precision.micro,
    binding_r_micro: recall.micro,
    binding_ece: reliability.ece,
  };
}

/** The first value of each leaf path, places in lists left out. */
function toArgumentLeaves(args: unknown): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  for (const { path, value } of toLeaves(args, 200)) {
    const key = path.filter((part) => !/^\d+$/.test(part)).join('/');
    if (!leaves.has(key)) leaves.set(key, value);
  }
  return leaves;
}

function isEqualValue(one: unknown, other: unknown): boolean {
  return toNormal(one) === toNormal(other);
}

function toNormal(value: unknown): string {
  const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).trim().toLowerCase();
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? String(number) : text;
}
