/**
 * Which unprivileged user the servers run as when the node is root. Postgres refuses to run as root, and a server
 * that needs no rights should have none.
 */
import { readFileSync } from 'node:fs';

import type { OsUser } from './running.ts';

/** The names that are tried, in this order. */
const preferredNames = ['postgres', 'nobody'] as const;

/** The user to run servers as; undefined when this process is not root and switching is neither needed nor possible. */
export function unprivilegedUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  let table = '';
  try {
    table = readFileSync('/etc/passwd', 'utf8');
  } catch {
    // A container without a user table: the kernel does not ask for a name.
  }
  return findUser(table) ?? { uid: 65_534, gid: 65_534, name: 'nobody' };
}

/** The first preferred user of a passwd table that is not root in disguise. */
export function findUser(table: string): OsUser | undefined {
  const lines = table.split('\n').map((line) => line.split(':'));
  for (const name of preferredNames) {
    const line = lines.find((fields) => fields[0] === name);
    const uid = Number(line?.[2]);
    const gid = Number(line?.[3]);
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid !== 0) return { uid, gid, name };
  }
  return undefined;
}
