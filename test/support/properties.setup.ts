/**
 * Where a change is judged (`CI`), properties are tried with one and the same seed, so that it passes or fails by what it
 * changed and not by luck; everywhere else each run has a fresh one, and what that finds is a bug with a test of its own.
 */
import * as fc from 'fast-check';

const seed = 20_261_121;

if (process.env['CI']) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
