/**
 * Learned procedures among what upstreams offer: active ones as prompts, resources and skills of the caller's namespace.
 * While the database is away the last known ones are offered, and marked as stale.
 */
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import { resolveNamespace } from '../namespace.ts';
import type { GatewayNeeds, Principal, SopView } from '../needs.ts';
import type { Offer, OfferKind } from '../offers-need.ts';
import { assertMay } from '../permission.ts';
import { toSopAnswer } from '../tools/sop-answer.ts';
import { readSopUri, toPromptName, toSkillName, toSopUri } from './sop-names.ts';
import { toPromptOffer, toPromptResult } from './sop-prompt.ts';
import { readSkillUri, toSkill, toSkillFiles } from './sop-skill.ts';
import { toDescription, toMarkdown, toTitle } from './sop-text.ts';

/** Procedures offered to one namespace, best first. */
export const sopsOfferedMax = 500;
const pageMax = 200;
/** Procedures looked at; a part of others is no offer by itself, but is read where these refer to it. */
const sopsReadMax = 1_000;
/** Namespaces whose procedures are remembered. */
const namespacesMax = 1_000;
/** Whose part is stale when ours is. */
const ourName = 'drey';

type Needs = Pick<GatewayNeeds, 'sops' | 'log'>;

interface Listing {
  readonly items: readonly Offer[];
  readonly stale: readonly string[];
}

/** Who may not read procedures is offered none. */
function mayRead(principal: Principal): boolean {
  return mayDo(principal, 'sop:read');
}

/** The learned procedures that one gateway offers. */
export class SopOffers {
  readonly #needs: Needs;
  /** What was read last, by namespace; the longest unread is forgotten first. */
  readonly #known = new Map<string, readonly SopView[]>();

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  async list(kind: OfferKind, principal: Principal): Promise<Listing> {
    if (!mayRead(principal)) return { items: [], stale: [] };
    if (kind === 'templates') return { items: [template], stale: [] };
    const { sops, isStale } = await this.#active(principal.namespace);
    const items = sops.map(kind === 'prompts' ? toPromptOffer : toResourceOffer);
    return { items, stale: isStale ? [ourName] : [] };
  }

  async isPrompt(name: string, principal: Principal): Promise<boolean> {
    return (await this.#findPrompt(name, principal)) !== undefined;
  }

  /** The prompt's result; undefined for a name that is none of ours. */
  async prompt(name: string, args: unknown, principal: Principal): Promise<object | undefined> {
    const sop = await this.#findPrompt(name, principal);
    if (sop === undefined) return undefined;
    const result = toPromptResult(sop, isObject(args) ? args : {});
    this.#needs.sops.recordInjection({
      session: undefined,
      namespace: principal.namespace,
      principal: principal.id,
      task: sop.trigger,
      sops: [{ sopId: sop.sopId, relevance: 1 }],
    });
    return result;
  }

  /** The resource's contents; undefined for a URI that is none of ours. */
  async read(uri: string, principal: Principal): Promise<object | undefined> {
    const named = readSopUri(uri);
    if (named !== undefined) assertMay(principal, 'sop:read');
    if (named !== undefined) return readSop(this.#needs, named, principal);
    const skill = readSkillUri(uri);
    const sop = skill === undefined ? undefined : await this.#findSkill(skill, principal);
    if (skill === undefined || sop === undefined) return undefined;
    const mimeType = skill.file.endsWith('.md') ? 'text/markdown' : 'application/json';
    return { contents: [{ uri, mimeType, text: toSkillFiles(sop)[skill.file] }] };
  }

  async skills(principal: Principal): Promise<readonly { readonly key: string; readonly skill: object }[]> {
    if (!mayRead(principal)) return [];
    const { sops } = await this.#active(principal.namespace);
    const entries = await Promise.all(sops.map(toSkill));
    return entries.map((skill) => ({ key: skill.uri, skill }));
  }

  /** Throws `argument_invalid` for a URI at which there is no skill. */
  async skill(uri: string, principal: Principal): Promise<object> {
    const named = readSkillUri(uri);
    const sop = named?.file === 'SKILL.md' ? await this.#findSkill(named, principal) : undefined;
    if (sop === undefined) throw new DreyError('argument_invalid', `there is no skill at "${uri}"`);
    return toSkill(sop);
  }

  async #findPrompt(name: string, principal: Principal): Promise<SopView | undefined> {
    if (!name.startsWith('sop__') || !mayRead(principal)) return undefined;
    const { sops } = await this.#active(principal.namespace);
    return sops.find((sop) => toPromptName(sop) === name);
  }

  /** Upstreams may have skills as well: whoever may not look into a namespace finds none of ours there. */
  async #findSkill(
    { namespace, name }: NonNullable<ReturnType<typeof readSkillUri>>,
    principal: Principal,
  ): Promise<SopView | undefined> {
    if (!mayRead(principal)) return undefined;
    if (namespace !== principal.namespace && !principal.mayNameNamespaces) return undefined;
    const { sops } = await this.#active(namespace);
    return sops.find((sop) => toSkillName(sop) === name);
  }

  async #active(
    namespace: string,
  ): Promise<{ readonly sops: readonly SopView[]; readonly isStale: boolean }> {
    try {
      const sops = await readActive(this.#needs, namespace);
      this.#known.delete(namespace);
      this.#known.set(namespace, sops);
      const [oldest] = this.#known.keys();
      if (this.#known.size > namespacesMax && oldest !== undefined) this.#known.delete(oldest);
      return { sops, isStale: false };
    } catch (error) {
      this.#needs.log.debug({ namespace, err: toPlainError(error) }, 'learned procedures could not be read');
      return { sops: this.#known.get(namespace) ?? [], isStale: true };
    }
  }
}

const template: Offer = {
  key: 'sop://{namespace}/{id}',
  definition: {
    uriTemplate: 'sop://{namespace}/{id}',
    name: 'learned-procedure',
    title: 'Learned procedure',
    description: 'A procedure that earlier tasks were done by; with .json behind the id, for programs only.',
    mimeType: 'text/markdown',
  },
};

function toResourceOffer(sop: SopView): Offer {
  const uri = toSopUri(sop);
  return {
    key: uri,
    definition: {
      uri,
      name: toSkillName(sop),
      title: toTitle(sop),
      description: toDescription(sop),
      mimeType: 'text/markdown',
      annotations: { audience: ['assistant'], priority: sop.confidence, lastModified: sop.updatedAt },
    },
  };
}

async function readActive({ sops }: Needs, namespace: string): Promise<readonly SopView[]> {
  const found: SopView[] = [];
  for (let offset = 0; found.length < sopsOfferedMax && offset < sopsReadMax; offset += pageMax) {
    const question = { namespace, minConfidence: 0, status: 'active', limit: pageMax } as const;
    const page = await sops.list({ ...question, offset });
    found.push(...page.filter(({ partOf }) => partOf === undefined));
    if (page.length < pageMax) break;
  }
  return found.slice(0, sopsOfferedMax);
}

/** In Markdown and for programs; the latter alone where it is asked for. */
async function readSop(
  { sops }: Needs,
  { namespace: named, sopId, isJson }: NonNullable<ReturnType<typeof readSopUri>>,
  principal: Principal,
): Promise<object | undefined> {
  const namespace = resolveNamespace(named, principal.namespace, principal);
  const sop = await sops.get(namespace, sopId);
  if (sop === undefined) return undefined;
  const uri = toSopUri(sop);
  const text = JSON.stringify(toSopAnswer(sop));
  const json = { uri: `${uri}.json`, mimeType: 'application/json', text };
  return {
    contents: isJson ? [json] : [{ uri, mimeType: 'text/markdown', text: toMarkdown(sop) }, json],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
