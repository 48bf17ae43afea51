/**
 * Anchors of the audit log outside of the database: where each namespace's chain ends, told as an event and written as
 * a line into a file of the data folder, every minute and when the node stops. Whoever rewrites the database cannot
 * make these say something else.
 */
import { appendFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { toPlainError } from '../../machines/words/errors.ts';
import { toStableId } from '../../machines/words/ids.ts';
import type { Announcer, Clock, Log } from '../actors/actors.ts';
import { toIso } from '../actors/actors.ts';
import { readAuditHeads } from '../store/store.ts';
import type { AuditAnchor, AuditHead, Store } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';
import { toFilters } from '../wire/wire.ts';

export interface AuditAnchorsOptions {
  readonly store: Pick<Store, 'inSystem'>;
  readonly wire: Pick<Wire, 'readEvents' | 'root'>;
  readonly announcer: Announcer;
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AuditAnchors {
  /** What file and bus know of a namespace's chain. */
  read(namespace: string): Promise<readonly AuditAnchor[]>;
  /** Anchors every chain that has grown. */
  lay(): Promise<void>;
  /** Anchors for the last time. */
  close(): Promise<void>;
}

export const anchorFileName = 'audit-anchors.jsonl';
/** How often chains are anchored. */
export const anchorEveryMs = 60_000;
/** From this size on the file keeps only the newest line of each namespace. */
const fileBytesMax = 16 * 1024 * 1024;
/** Anchors of one namespace that a verification looks at, the newest ones. */
const anchorsReadMax = 10_000;
const headsPerPage = 1_000;

const Line = z.object({ namespace: z.string(), position: z.int(), hash: z.string(), at: z.string() });
type Line = z.infer<typeof Line>;

/** Begins; the first anchors are laid after the first minute. */
export function openAuditAnchors(options: AuditAnchorsOptions): AuditAnchors {
  const anchors = new LiveAnchors(options);
  anchors.plan();
  return anchors;
}

class LiveAnchors implements AuditAnchors {
  readonly #options: AuditAnchorsOptions;
  readonly #file: string;
  /** The last anchored position of each namespace. */
  readonly #laid = new Map<string, number>();
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: AuditAnchorsOptions) {
    this.#options = options;
    this.#file = join(options.dataFolder, anchorFileName);
  }

  plan(): void {
    this.#cancel = this.#options.clock.schedule(anchorEveryMs, () => {
      void this.#layAndPlan();
    });
  }

  lay(): Promise<void> {
    this.#running = this.#layBehind(this.#running);
    return this.#running;
  }

  async #layAndPlan(): Promise<void> {
    await this.lay();
    if (!this.#isClosed) this.plan();
  }

  /** One after the other; a failure is for the next time. */
  async #layBehind(before: Promise<void>): Promise<void> {
    await before;
    try {
      await this.#layAll();
    } catch (error) {
      this.#options.log.debug({ err: toPlainError(error) }, 'the audit log is anchored another time');
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.lay();
  }

  async read(namespace: string): Promise<readonly AuditAnchor[]> {
    const ofFile = (await this.#readFile()).filter((line) => line.namespace === namespace);
    const found: AuditAnchor[] = ofFile.map(({ position, hash }) => ({ position, hash }));
    const filters = toFilters({ namespace, types: ['audit.anchored'] }, this.#options.wire.root);
    try {
      await this.#options.wire.readEvents({
        filters,
        onEvent: async (event) => {
          if (event.type === 'audit.anchored') {
            found.push({ position: event.data.position, hash: event.data.hash });
          }
          return true;
        },
      });
    } catch (error) {
      this.#options.log.warn(
        { err: toPlainError(error) },
        'anchors on the bus cannot be read; the file has them, too',
      );
    }
    return found.slice(-anchorsReadMax);
  }

  async #layAll(): Promise<void> {
    const { store, announcer, clock } = this.#options;
    for (let after = ''; ;) {
      const heads = await store.inSystem((trx) => readAuditHeads(trx, { after, limit: headsPerPage }));
      const grown = heads.filter(({ namespace, position }) => position > (this.#laid.get(namespace) ?? 0));
      if (grown.length > 0) await this.#write(grown, toIso(clock.now()));
      for (const { namespace, position, hash } of grown) {
        this.#laid.set(namespace, position);
        const id = toStableId('event', 'audit.anchored', namespace, String(position), hash);
        const log = { namespace, kind: 'audit', id: 'log' } as const;
        announcer.announce('audit.anchored', log, { position, hash }, { id });
      }
      const last = heads.at(-1);
      if (last === undefined || heads.length < headsPerPage) return;
      after = last.namespace;
    }
  }

  async #write(heads: readonly AuditHead[], at: string): Promise<void> {
    const lines = heads.map((head) => toLine({ ...head, at }));
    await appendFile(this.#file, lines.join(''), { mode: 0o600 });
    await this.#shorten();
  }

  async #shorten(): Promise<void> {
    if ((await stat(this.#file)).size <= fileBytesMax) return;
    const content = await readText(this.#file);
    const newest = new Map(parseLines(content).map((line) => [line.namespace, line]));
    await writeFile(`${this.#file}.new`, [...newest.values()].map(toLine).join(''), { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }

  async #readFile(): Promise<readonly Line[]> {
    return parseLines(await readText(this.#file));
  }
}

function toLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/** A line that was cut off by a crash is no anchor. */
function parseLines(content: string): Line[] {
  return content.split('\n').flatMap((text) => {
    try {
      const { success, data } = Line.safeParse(JSON.parse(text));
      return success ? [data] : [];
    } catch {
      return [];
    }
  });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}
