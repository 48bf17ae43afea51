/** Agents: who may come into a namespace, and under which names an authorization server knows them. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { toLimit } from '../pages.ts';
import type { AgentsTable } from '../access-schema.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText } from '../text.ts';

export interface AgentRow {
  readonly agentId: string;
  readonly displayName: string;
  readonly createdAt: string;
  /** Null while it may come in. */
  readonly disabledAt: string | null;
}

/** A subject of an authorization server. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** An identity and the agent it stands for. */
export interface KnownIdentity extends Identity {
  readonly namespace: string;
  readonly agentId: string;
  readonly isDisabled: boolean;
}

/** Makes an agent; one that is there stays as it is. True when it was made now. */
export async function ensureAgent(
  trx: Trx,
  agent: { readonly agentId: string; readonly displayName?: string },
): Promise<boolean> {
  const made = await trx.db
    .insertInto('agents')
    .values({
      namespace: trx.namespace,
      id: assertName('an agent', agent.agentId, 40),
      display_name: toBoundedText(trx.hide(agent.displayName ?? agent.agentId), 300),
    })
    .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
    .returning('id')
    .execute();
  return made.length > 0;
}

/** One agent, held until the transaction ends, so that two never count its keys at once. */
export async function lockAgent(trx: Trx, agentId: string): Promise<AgentRow | undefined> {
  const row = await trx.db
    .selectFrom('agents')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', agentId)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : toAgent(row);
}

/** Agents in order of name. */
export async function listAgents(
  trx: Trx,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly AgentRow[]> {
  const rows = await trx.db
    .selectFrom('agents')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '>', page.after ?? '')
    .orderBy('id')
    .limit(toLimit(page.limit))
    .execute();
  return rows.map(toAgent);
}

/** Shuts an agent out, or lets it in again; undefined when there is none, or nothing to change. */
export async function setAgentDisabled(
  trx: Trx,
  agentId: string,
  isDisabled: boolean,
): Promise<AgentRow | undefined> {
  const row = await trx.db
    .updateTable('agents')
    .set({ disabled_at: isDisabled ? sql<string>`now()` : null })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', agentId)
    .where('disabled_at', isDisabled ? 'is' : 'is not', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toAgent(row);
}

/** Says that a subject of an authorization server is this agent; what it was in this namespace before is replaced. */
export async function bindIdentity(
  trx: Trx,
  { issuer, subject, agentId }: Identity & { readonly agentId: string },
): Promise<void> {
  await trx.db
    .insertInto('agent_identities')
    .values({
      namespace: trx.namespace,
      issuer: assertName('an issuer', issuer, 500),
      subject: assertName('a subject', subject, 300),
      agent_id: agentId,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['namespace', 'issuer', 'subject'])
        .doUpdateSet((row) => ({ agent_id: row.ref('excluded.agent_id') })),
    )
    .execute();
}

/** The identities of one agent. */
export async function listIdentities(trx: Trx, agentId: string): Promise<readonly Identity[]> {
  const rows = await trx.db
    .selectFrom('agent_identities')
    .select(['issuer', 'subject'])
    .where('namespace', '=', trx.namespace)
    .where('agent_id', '=', agentId)
    .orderBy('issuer')
    .orderBy('subject')
    .limit(toLimit(Infinity))
    .execute();
  return rows;
}

/** The agents that these subjects are, in whichever namespace; for the door, which does not know it yet. */
export async function findIdentities(
  trx: Trx,
  asked: readonly Identity[],
): Promise<readonly KnownIdentity[]> {
  const issuers = asked.map(({ issuer }) => issuer);
  const subjects = asked.map(({ subject }) => subject);
  const { rows } = await sql<{
    namespace: string;
    issuer: string;
    subject: string;
    agent_id: string;
    disabled_at: string | null;
  }>`select * from drey_find_identities(${issuers}::text[], ${subjects}::text[])`.execute(trx.db);
  return rows.map(({ agent_id: agentId, disabled_at: disabledAt, ...row }) => ({
    ...row,
    agentId,
    isDisabled: disabledAt !== null,
  }));
}

function toAgent(row: Selectable<AgentsTable>): AgentRow {
  return {
    agentId: row.id,
    displayName: row.display_name,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  };
}
