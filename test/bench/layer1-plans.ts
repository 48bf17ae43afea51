/** How Postgres answers the hot questions: each plan as one line, read as the application's role behind the wall. */
import { Client } from 'pg';
import { appRole } from '../../infra/postgres/migrations.ts';
import type { Layer1Place } from './layer1-place.ts';

export interface Plan {
  readonly name: string;
  readonly summary: string;
  readonly ms: number;
  readonly buffers: number;
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Function Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly Node[];
}

/** Plans of the hot questions in the big namespace. */
export async function readPlans({ url, big, question }: Layer1Place): Promise<readonly Plan[]> {
  const client = new Client({ connectionString: url, options: `-c role=${appRole}` });
  await client.connect();
  const words = question(3).replaceAll("'", '');
  const one = `(select id from acontext_sops where namespace = '${big}' limit 1)`;
  const hot: Readonly<Record<string, string>> = {
    sop_by_id: `select * from acontext_sops where namespace = '${big}' and id = ${one}`,
    sops_list: `select * from acontext_sops where namespace = '${big}' and confidence >= 0.5
      order by confidence desc, occurrences desc, id limit 50`,
    sops_search: `select * from drey_search_sops('${words}', 50)`,
    patterns_list: `select * from acontext_patterns where namespace = '${big}' and active
      order by effectiveness desc, confidence desc, id limit 50`,
    tasks_list: `select * from tasks where namespace = '${big}' order by started_at desc, id desc limit 50`,
    api_key: `select * from drey_find_keys(array['none'])`,
  };
  try {
    await client.query('begin');
    await client.query(`select set_config('drey.namespace', $1, true)`, [big]);
    const plans: Plan[] = [];
    for (const [name, sql] of Object.entries(hot)) {
      await client.query(sql);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node; 'Execution Time': number }] }>(
        `explain (analyze, buffers, format json) ${sql}`,
      );
      const [explained] = rows[0]?.['QUERY PLAN'] ?? [];
      if (explained === undefined) continue;
      const { Plan: plan } = explained;
      plans.push({
        name,
        summary: toSummary(plan),
        ms: explained['Execution Time'],
        buffers: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
      });
    }
    await client.query('rollback');
    return plans;
  } finally {
    await client.end();
  }
}

/** The plan from its root on: `Limit > Index Scan using acontext_sops_namespace (50 rows)`. */
function toSummary(node: Node): string {
  const what = node['Index Name'] ?? node['Function Name'] ?? node['Relation Name'];
  const own = `${node['Node Type']}${what === undefined ? '' : ` using ${what}`} (${node['Actual Rows']} rows)`;
  const parts = (node.Plans ?? []).map(toSummary);
  if (parts.length === 0) return own;
  return parts.length === 1 ? `${own} > ${parts[0] ?? ''}` : `${own} > [${parts.join('; ')}]`;
}
