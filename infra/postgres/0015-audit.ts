/**
 * The audit log becomes a chain: every row carries the hash of the one before it. Rows are added by one function, which
 * gives the next position while it holds the namespace's chain; they are never changed, not even by the tables' owner.
 */
import type { Migration } from 'kysely';
import { relayRole } from './roles.ts';
import { onlyForApp, runScript } from './walls.ts';

export const audit: Migration = {
  async up(db) {
    await runScript(
      db,
      `alter table audit_log
         add column severity text not null default 'LOW'
           check (severity in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
         add column details jsonb not null default '{}' check (octet_length(details::text) <= 16384);
       create index audit_log_action on audit_log (namespace, action, position desc);

       -- Only heads, for anchors: nothing of what was done.
       create policy audit_log_relay on audit_log for select to ${relayRole} using (true);
       grant select (namespace, position, hash) on audit_log to ${relayRole};

       create function drey_append_audit(to_namespace text, given json)
         returns bigint language plpgsql volatile set search_path = pg_catalog, public, pg_temp as $$
       declare
         entry json;
         place bigint;
         moment timestamptz;
         before text;
         made text;
       begin
         -- Held until the commit is visible; the statement after it has a snapshot of its own.
         perform pg_advisory_xact_lock(hashtextextended('drey.audit.' || to_namespace, 0));
         select position, hash, at into place, before, moment
           from audit_log where namespace = to_namespace order by position desc limit 1;
         place := coalesce(place, 0);
         before := coalesce(before, repeat('0', 64));
         moment := greatest(date_trunc('milliseconds', clock_timestamp()), moment);
         for entry in select value from json_array_elements(given) loop
           place := place + 1;
           made := encode(sha256(convert_to(before || E'\\n' || place || E'\\n'
             || to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || E'\\n'
             || (entry->>'body'), 'UTF8')), 'hex');
           insert into audit_log (namespace, position, at, principal, action, object, outcome, severity, details,
             request_id, args_hash, previous_hash, hash)
           values (to_namespace, place, moment, entry->>'principal', entry->>'action', entry->>'object',
             entry->>'outcome', entry->>'severity', (entry->>'details')::jsonb, entry->>'requestId',
             entry->>'argsHash', before, made);
           before := made;
         end loop;
         return place;
       end $$;
       ${onlyForApp('drey_append_audit(text, json)')}

       create function drey_keep_audit() returns trigger language plpgsql as $$
       begin
         -- A namespace that is deleted takes its rows along: that delete comes from a trigger of the foreign key.
         if tg_op = 'DELETE' and pg_trigger_depth() > 1 then return old; end if;
         raise exception 'the audit log is never changed' using errcode = '42501';
       end $$;
       create trigger audit_log_rows before update or delete on audit_log
         for each row execute function drey_keep_audit();
       create trigger audit_log_whole before truncate on audit_log
         for each statement execute function drey_keep_audit();`,
    );
  },
  async down(db) {
    await runScript(
      db,
      `drop trigger audit_log_whole on audit_log;
       drop trigger audit_log_rows on audit_log;
       drop function drey_keep_audit();
       drop function drey_append_audit(text, json);
       revoke select (namespace, position, hash) on audit_log from ${relayRole};
       drop policy audit_log_relay on audit_log;
       drop index audit_log_action;
       alter table audit_log drop column severity, drop column details;`,
    );
  },
};
