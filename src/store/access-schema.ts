/** The tables of agents and their keys, as TypeScript sees them: the columns of `infra/postgres/0013-keys.ts`. */
import type { ColumnType } from 'kysely';

type JsonWithDefault = ColumnType<unknown, string | undefined, string>;
type MomentWithDefault = ColumnType<string, string | undefined, string>;

export interface AgentsTable {
  namespace: string;
  id: string;
  display_name: string;
  created_at: MomentWithDefault;
  metadata: JsonWithDefault;
  disabled_at: string | null;
}

export interface AgentIdentitiesTable {
  namespace: string;
  issuer: string;
  subject: string;
  agent_id: string;
  created_at: MomentWithDefault;
}

export interface ApiKeysTable {
  namespace: string;
  id: string;
  digest: string;
  agent_id: string;
  label: string;
  scopes: JsonWithDefault;
  created_at: MomentWithDefault;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}
