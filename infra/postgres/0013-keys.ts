/**
 * Keys belong to agents, and agents may be known by an authorization server as well. A caller is found before its
 * namespace is known, so the two searches are functions that look over all namespaces and give away one row each.
 */
import type { Migration } from 'kysely';
import { definer, namespaceColumn, onlyForApp, runScript, wall } from './walls.ts';

export const keys: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table agents add column disabled_at timestamptz(3);
       create policy agents_search on agents for select to current_user using (true);

       drop function drey_find_api_key(text);
       alter table api_keys drop column principal;
       alter table api_keys
         add column agent_id text not null,
         add column created_by text not null default '' check (char_length(created_by) <= 300),
         add constraint api_keys_agent foreign key (namespace, agent_id) references agents on delete cascade;
       create index api_keys_agent on api_keys (namespace, agent_id);

       create table agent_identities (
         ${namespaceColumn},
         issuer text not null check (char_length(issuer) between 1 and 500),
         subject text not null check (char_length(subject) between 1 and 300),
         agent_id text not null,
         created_at timestamptz(3) not null default now(),
         primary key (namespace, issuer, subject),
         foreign key (namespace, agent_id) references agents on delete cascade
       );
       create index agent_identities_agent on agent_identities (namespace, agent_id);
       create index agent_identities_subject on agent_identities (issuer, subject);
       ${wall('agent_identities', { searched: true })}

       create function drey_find_keys(key_ids text[])
         returns table (namespace text, id text, digest text, agent_id text, scopes jsonb,
           expires_at timestamptz, revoked_at timestamptz, disabled_at timestamptz)
         language sql stable ${definer} rows 10 as $$
         select k.namespace, k.id, k.digest, k.agent_id, k.scopes, k.expires_at, k.revoked_at, a.disabled_at
         from api_keys k join agents a on a.namespace = k.namespace and a.id = k.agent_id
         where k.id = any(key_ids) limit 1000
       $$;
       ${onlyForApp('drey_find_keys(text[])')}

       create function drey_find_identities(issuers text[], subjects text[])
         returns table (namespace text, issuer text, subject text, agent_id text, disabled_at timestamptz)
         language sql stable ${definer} rows 10 as $$
         select i.namespace, i.issuer, i.subject, i.agent_id, a.disabled_at
         from unnest(issuers, subjects) as asked (issuer, subject)
         join agent_identities i on i.issuer = asked.issuer and i.subject = asked.subject
         join agents a on a.namespace = i.namespace and a.id = i.agent_id
         limit 1000
       $$;
       ${onlyForApp('drey_find_identities(text[], text[])')}`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop function drey_find_identities(text[], text[]);
       drop function drey_find_keys(text[]);
       drop table agent_identities;
       alter table api_keys drop column agent_id, drop column created_by,
         add column principal text not null default '' check (char_length(principal) <= 300);
       create function drey_find_api_key(key_id text)
         returns setof api_keys language sql stable ${definer} rows 1 as $$
         select * from api_keys k where k.id = key_id limit 1
       $$;
       ${onlyForApp('drey_find_api_key(text)')}
       drop policy agents_search on agents;
       alter table agents drop column disabled_at;`,
    );
  },
};
