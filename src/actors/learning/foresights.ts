/**
 * Foresights: a node's in-memory copy of each namespace's model of next steps. It is read from the store when it is
 * asked for and old, and made ready in slices; whoever asks meanwhile is answered from the one before, also while the
 * database is away or the learner is dead.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Foresight, Learned, SeenStep } from '../../learning/learning.ts';
import { bindArguments, foresee, isModel, readModel } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import { getNewestModel } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { within } from '../within.ts';

export interface ForesightsOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** A copy older than this is looked after when it is asked. */
  readonly maxAgeMs?: number;
}

export interface ForesightQuestion {
  readonly namespace: string;
  readonly task: string;
  readonly seen: readonly SeenStep[];
  readonly limit: number;
}

export interface BindingQuestion {
  readonly namespace: string;
  readonly task: string;
  readonly made: Parameters<typeof bindArguments>[2];
  readonly tool: string;
  /** As it was foreseen with the tool. */
  readonly program?: string | undefined;
}

/** Values less likely to be right than this are left for the agent to find. */
const boundMin = 0.7;

export interface Foresights {
  /** Undefined where there is no model. */
  next(question: ForesightQuestion): Promise<Foresight | undefined>;
  /** Arguments of a call that may be made next, by leaf path; none where there is no model. */
  bind(question: BindingQuestion): Promise<ReadonlyMap<string, unknown>>;
  /** What is known of a namespace, as far as it is there. */
  get(namespace: string): Promise<Learned | undefined>;
}

const maxAgeMsDefault = 2_000;
/** Namespaces kept; the one that was asked longest ago goes. */
export const foresightNamespacesMax = 200;
/** A first copy is waited for this long, and a fresh one hardly at all. */
const firstMs = 1_500;
const freshMs = 100;
/** A slice of work before calls get their turn, and the rest after it: an answer has many short steps, each of which may have to wait for one. */
const sliceMs = 5;
const sliceRestTimes = 1;
/** After a copy was made it rests so many times as long as that took, so that a great model that is made anew all the time takes little. */
const rest = { times: 30, mostMs: 8_000 } as const;

interface Copy {
  learned: Learned | undefined;
  version: number;
  readAt: number;
  restsUntil: number;
  reading: Promise<void> | undefined;
}

/** Opens foresights that know nothing yet. */
export function openForesights(options: ForesightsOptions): Foresights {
  return new LiveForesights(options);
}

class LiveForesights implements Foresights {
  readonly #options: ForesightsOptions;
  readonly #copies = new Map<string, Copy>();

  constructor(options: ForesightsOptions) {
    this.#options = options;
  }

  async next({ namespace, task, seen, limit }: ForesightQuestion): Promise<Foresight | undefined> {
    const learned = await this.get(namespace);
    return learned === undefined ? undefined : foresee(learned, task, seen, limit);
  }

  async bind({
    namespace,
    task,
    made,
    tool,
    program,
  }: BindingQuestion): Promise<ReadonlyMap<string, unknown>> {
    const learned = this.#copies.get(namespace)?.learned;
    if (learned === undefined) return new Map();
    const bound = [...bindArguments(learned, task, made, tool, program)];
    return new Map(
      bound.flatMap(([path, { value, probability }]) =>
        probability >= boundMin && !path.includes('*') ? [[path, value] as const] : [],
      ),
    );
  }

  async get(namespace: string): Promise<Learned | undefined> {
    const { clock, maxAgeMs = maxAgeMsDefault } = this.#options;
    const copy = this.#keep(namespace);
    const now = clock.monotonic();
    const isOld = copy.readAt < 0 || (now - copy.readAt > maxAgeMs && now >= copy.restsUntil);
    const isFirst = copy.readAt < 0;
    // Who looks first waits a little for what is fresh; where that takes longer, nobody else does.
    if (isOld && (isFirst || copy.reading === undefined)) {
      copy.reading ??= this.#read(namespace, copy).finally(() => (copy.reading = undefined));
      try {
        await within(copy.reading, isFirst ? firstMs : freshMs, clock);
      } catch {
        // It comes for the next question; what is there is served.
      }
    }
    return copy.learned;
  }

  /** Puts a copy last, so that the first one is the one asked longest ago. */
  #keep(namespace: string): Copy {
    const copy = this.#copies.get(namespace) ?? {
      learned: undefined,
      version: 0,
      readAt: -1,
      restsUntil: 0,
      reading: undefined,
    };
    this.#copies.delete(namespace);
    this.#copies.set(namespace, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > foresightNamespacesMax && oldest !== undefined) this.#copies.delete(oldest);
    return copy;
  }

  async #read(namespace: string, copy: Copy): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      const { version: known } = copy;
      const model = await store.inNamespace(namespace, (trx) => getNewestModel(trx, { known }));
      // What cannot be read is not fetched again either.
      if (model !== undefined) copy.version = model.version;
      if (model !== undefined && isModel(model.body)) {
        // Without a model questions wait for this one; with one they go first.
        const restTimes = copy.learned === undefined ? 0 : sliceRestTimes;
        const { result, workedMs } = await slice(readModel(model.body), clock, restTimes);
        copy.learned = result;
        copy.restsUntil = clock.monotonic() + Math.min(rest.mostMs, workedMs * rest.times);
      }
    } catch (error) {
      const err = toPlainError(error);
      log.warn({ namespace, err }, 'next steps are served from memory: the database is away or slow');
    }
    copy.readAt = clock.monotonic();
  }
}

interface Sliced<Result> {
  readonly result: Result;
  readonly workedMs: number;
}

async function slice<Result>(
  work: Generator<undefined, Result>,
  clock: Clock,
  restTimes: number,
): Promise<Sliced<Result>> {
  let started = clock.monotonic();
  let workedMs = 0;
  for (;;) {
    const { done, value } = work.next();
    const tookMs = clock.monotonic() - started;
    if (done === true) return { result: value, workedMs: workedMs + tookMs };
    if (tookMs < sliceMs) continue;
    workedMs += tookMs;
    await new Promise<void>((resolve) => {
      if (restTimes > 0) clock.schedule(tookMs * restTimes, resolve);
      else setImmediate(resolve);
    });
    started = clock.monotonic();
  }
}
