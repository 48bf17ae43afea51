/**
 * The gateway's own tools, one line each. They stay few, since every tool costs the model attention; their calls are
 * not learned from.
 */
import { getSops } from './get-sops.ts';
import { injectContext } from './inject-context.ts';
import { learningStatus } from './learning-status.ts';
import { recordFeedback } from './record-feedback.ts';
import { task } from './task.ts';
import type { OwnTool } from './tool.ts';

const list: readonly OwnTool[] = [injectContext, getSops, recordFeedback, learningStatus, task];

/** Every own tool by name. A map, so that no name finds a prototype's member. */
export const ownTools: ReadonlyMap<string, OwnTool> = new Map(list.map((tool) => [tool.name, tool]));

/** Names that no upstream's tool may take. */
export const ownToolNames: readonly string[] = list.map((tool) => tool.name);
