/** The door of access: who may come in, how much of it, and what may leave in events (redaction, recorded values). */
export { makeKey } from './api-keys.ts';
export { KeyRing } from './key-ring.ts';
export type { KeyRecord } from './key-ring.ts';
export { toPrincipalId } from './principal-id.ts';
export { createDoor } from './principals.ts';
export type { Admission, AdmissionRequest, Door, DoorOptions, Principal } from './principals.ts';
export { createOwnBudgets, rates, readOperations } from './rates.ts';
export type { OwnBudgets, Rate, Rates } from './rates.ts';
export { isRecorded, record, recordValue, toLearnedResult, toShape } from './record.ts';
export { createRedactor, isPlainId } from './redaction.ts';
export type { Redaction, Redactor, RedactorOptions } from './redaction.ts';
export { findPatternFault, patternCharactersMax } from './redaction-rules.ts';
export type { RedactionRules } from './redaction-rules.ts';
export { isSecretName } from './secret-names.ts';
export { TokenRing } from './token-ring.ts';
export type { IdentityRecord } from './token-ring.ts';
export { tokenAlgorithms } from './tokens.ts';
