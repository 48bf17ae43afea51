/** The tables as TypeScript sees them: the columns of `infra/postgres/`, for the tables that this room works with. */
import type { AgentIdentitiesTable, AgentsTable, ApiKeysTable } from './access-schema.ts';
import type { AuditTable } from './audit-schema.ts';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { EpisodeEnd, Outcome } from '../../machines/words/episodes.ts';
import type { SopStatus } from '../../machines/words/sops.ts';

/** Read as a value, written as JSON text. */
type Json = ColumnType<unknown, string, string>;
type JsonWithDefault = ColumnType<unknown, string | undefined, string>;
/** ISO 8601 in both directions. */
type Moment = string;
type MomentWithDefault = ColumnType<string, string | undefined, string>;

export interface NamespacesTable {
  namespace: string;
  display_name: string;
  created_at: MomentWithDefault;
}

export interface SessionsTable {
  namespace: string;
  id: string;
  principal: string;
  transport: string;
  revision: string;
  client: string;
  node: string;
  status: string;
  opened_at: Moment;
  last_seen_at: Moment;
  calls: number;
  capabilities: string;
  wishes: string;
  context_id: string;
}

export interface TasksTable {
  namespace: string;
  id: string;
  session_id: string;
  principal: string;
  task: string;
  source: string;
  outcome: Outcome | null;
  notes: Generated<string>;
  calls: Generated<number>;
  started_at: Moment;
  finished_at: Moment | null;
}

export interface EpisodesTable {
  namespace: string;
  id: string;
  principal: string;
  session: string;
  /** Null where nobody stated a task. */
  task_id: string | null;
  task: string;
  outcome: Outcome;
  ended_by: EpisodeEnd;
  started_at: Moment;
  ended_at: Moment;
}

export interface CallsTable {
  namespace: string;
  id: string;
  episode_id: string;
  position: number;
  server: string;
  tool: string;
  name: string;
  args: ColumnType<unknown, string | null, string | null>;
  result: ColumnType<unknown, string | null, string | null>;
  error: boolean;
  at: Moment;
}

export interface SopsTable {
  namespace: string;
  id: string;
  agent_id: string | null;
  trigger: string;
  steps: Json;
  procedure: Json;
  status: SopStatus;
  active: GeneratedAlways<boolean>;
  confidence: number;
  occurrences: number;
  created_at: MomentWithDefault;
  updated_at: MomentWithDefault;
  last_used_at: Moment | null;
  metadata: JsonWithDefault;
}

export interface SopVersionsTable {
  namespace: string;
  sop_id: string;
  version: number;
  digest: string;
  content: Json;
  cause: JsonWithDefault;
  created_at: MomentWithDefault;
}

export interface EvidenceTable {
  namespace: string;
  sop_id: string;
  call_id: string;
  position: number;
}

export interface PatternsTable {
  namespace: string;
  id: string;
  pattern_type: string;
  condition: Json;
  action: Json;
  confidence: number;
  applied_count: Generated<number>;
  success_count: Generated<number>;
  effectiveness: GeneratedAlways<number>;
  created_at: MomentWithDefault;
  updated_at: MomentWithDefault;
  last_applied_at: Moment | null;
  active: Generated<boolean>;
  candidate: Generated<boolean>;
  metadata: JsonWithDefault;
}

export interface InjectionsTable {
  namespace: string;
  id: string;
  target_id: string;
  target_kind: 'sop' | 'pattern';
  relevance: number;
  principal: string;
  session: string;
  task: string;
  served_at: Moment;
  followed_at: Moment | null;
}

export interface FeedbackTable {
  namespace: string;
  target_id: string;
  target_kind: 'sop' | 'pattern';
  principal: string;
  application: string;
  helpful: boolean;
  notes: string;
  created_at: MomentWithDefault;
  updated_at: MomentWithDefault;
}

export interface ActorsTable {
  namespace: string;
  kind: string;
  id: string;
  revision: number;
  snapshot: Json;
  machine_version: string;
  updated_at: MomentWithDefault;
}

export interface TimersTable {
  namespace: string;
  kind: string;
  id: string;
  name: string;
  due_at: Moment;
  event: Json;
  leased_until: Moment | null;
}

export interface OutboxTable {
  namespace: string;
  id: string;
  position: GeneratedAlways<number>;
  event: Json;
  created_at: MomentWithDefault;
}

export interface InboxTable {
  namespace: string;
  consumer: string;
  id: string;
  taken_at: MomentWithDefault;
}

export interface DueEpisodesTable {
  namespace: string;
  episode_id: string;
  open: boolean;
  retried: boolean;
  revision: Generated<number>;
}

export interface DeadLettersTable {
  namespace: string;
  id: string;
  kind: string;
  actor_id: string;
  reason: string;
  payload: string;
  attempts: number;
  created_at: MomentWithDefault;
}

export interface ModelsTable {
  namespace: string;
  version: number;
  body: Json;
  created_at: MomentWithDefault;
}

export interface ToolPinsTable {
  namespace: string;
  server: string;
  tool: string;
  hash: string;
  definition: Json;
  status: 'fresh' | 'pinned' | 'changed' | 'approved';
  approved_by: string | null;
  offered_hash: string | null;
  /** Null beside the hash. */
  offered: ColumnType<unknown, string | null, string | null>;
  position: number;
  created_at: MomentWithDefault;
  updated_at: MomentWithDefault;
}

export interface KeptAnswersTable {
  namespace: string;
  principal: string;
  operation: string;
  key: string;
  digest: string;
  answer: Json;
  created_at: MomentWithDefault;
}

export interface Tables {
  namespaces: NamespacesTable;
  agents: AgentsTable;
  agent_identities: AgentIdentitiesTable;
  api_keys: ApiKeysTable;
  sessions: SessionsTable;
  tasks: TasksTable;
  episodes: EpisodesTable;
  calls: CallsTable;
  acontext_sops: SopsTable;
  acontext_sop_versions: SopVersionsTable;
  evidence: EvidenceTable;
  acontext_patterns: PatternsTable;
  injections: InjectionsTable;
  feedback: FeedbackTable;
  actors: ActorsTable;
  timers: TimersTable;
  outbox: OutboxTable;
  inbox: InboxTable;
  due_episodes: DueEpisodesTable;
  dead_letters: DeadLettersTable;
  models: ModelsTable;
  tool_pins: ToolPinsTable;
  kept_answers: KeptAnswersTable;
  audit_log: AuditTable;
}
