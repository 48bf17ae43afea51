/** Options that several commands share, and how words become numbers. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

/** Which node: `--url`, `--data`; and `--verbose`. */
export function addNodeOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the node, such as http://127.0.0.1:7333 (DREY_URL)')
    .option('--data <folder>', 'the data folder whose node is meant (DREY_DATA)')
    .option('--verbose', 'show the cause of an error');
}

/** `--namespace`, for what belongs to one. */
export function addNamespaceOption(command: Command): Command {
  return command.option('--namespace <name>', "the namespace; without it the node's own default");
}

/** `--json`, for programs. */
export function addJsonOption(command: Command, what: string): Command {
  return command.option('--json', what);
}

/** Reads a whole number within bounds. */
export function toWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Reads a fraction from 0 to 1. */
export function toFraction(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}
