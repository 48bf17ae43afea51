/** The JSON parser with comments, taken out of its CommonJS build, whose names Node cannot see from outside. */
// oxlint-disable import/default, import/no-named-as-default-member
import jsonc from 'jsonc-parser';
import type { FormattingOptions, Node, ParseError } from 'jsonc-parser';

export type { FormattingOptions, Node, ParseError };
export const { applyEdits, createScanner, findNodeAtLocation, modify, parse, parseTree } = jsonc;
