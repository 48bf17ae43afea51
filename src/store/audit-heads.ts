/**
 * How far this process wrote the audit logs of namespaces, as it was told with each commit: what is missing of that was taken away
 * since, also where nothing was anchored yet. It remembers positions, and nothing of the rows.
 */

/** Namespaces remembered; the one that was written to longest ago goes first. */
const namespacesMax = 10_000;

export class AuditHeads {
  readonly #positions = new Map<string, number>();

  note(namespace: string, position: number): void {
    const known = this.of(namespace);
    this.#positions.delete(namespace);
    this.#positions.set(namespace, Math.max(known, position));
    const [oldest] = this.#positions.keys();
    if (this.#positions.size > namespacesMax && oldest !== undefined) this.#positions.delete(oldest);
  }

  /** 0 where nothing is known. */
  of(namespace: string): number {
    return this.#positions.get(namespace) ?? 0;
  }
}
