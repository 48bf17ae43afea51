/** The names under which a learned procedure is offered: readable, and the same for as long as its trigger stays. */
import { toDigest } from '../../../machines/words/ids.ts';
import type { SopView } from '../needs.ts';

/** Characters of the trigger in a name: with prefix and digest it stays below what clients take. */
const slugMax = 36;
const schemePattern = /^sop:\/\/([a-z0-9_-]{1,255})\/([A-Za-z0-9-]{1,200})(\.json)?$/;

/** `deploy-the-service-1a2b3c`: a skill's name. */
export function toSkillName({ sopId, trigger }: Pick<SopView, 'sopId' | 'trigger'>): string {
  const words = trigger
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, slugMax)
    .replaceAll(/^-+|-+$/g, '');
  return `${words === '' ? 'procedure' : words}-${toDigest(sopId).slice(0, 6)}`;
}

/** `sop__deploy_the_service_1a2b3c`: a prompt's name. */
export function toPromptName(sop: Pick<SopView, 'sopId' | 'trigger'>): string {
  return `sop__${toSkillName(sop).replaceAll('-', '_')}`;
}

export function toSopUri({ namespace, sopId }: Pick<SopView, 'namespace' | 'sopId'>): string {
  return `sop://${namespace}/${sopId}`;
}

/** What a `sop://` URI names; undefined for any other. */
export function readSopUri(
  uri: string,
): { readonly namespace: string; readonly sopId: string; readonly isJson: boolean } | undefined {
  const [, namespace, sopId, json] = schemePattern.exec(uri) ?? [];
  return namespace === undefined || sopId === undefined
    ? undefined
    : { namespace, sopId, isJson: json !== undefined };
}
